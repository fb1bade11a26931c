"""What an order asks for besides its type, side, quantity, prices and time in force."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from .kinds import TrailingType


@attrs.frozen(kw_only=True)
class Instructions:
    """The instructions of an order, which stay as they are for all its life.

    post_only: rest or do nothing, never take (FIX tag 18, ExecInst 6). reduce_only: bring the position closer to zero,
    or do nothing. display_quantity: how much of it the market sees at a time (FIX tag 1138, DisplayQty).
    trailing_offset: how far a trailing stop stays behind the market, in what trailing_type says, once the market has
    been at activation_price, or at once without one.
    """

    post_only: bool = False
    reduce_only: bool = False
    display_quantity: Decimal | None = None
    trailing_offset: Decimal | None = None
    trailing_type: TrailingType = TrailingType.AMOUNT
    activation_price: Decimal | None = None


NO_INSTRUCTIONS: Final = Instructions()
