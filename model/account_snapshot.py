"""How the account stands, as one immutable value."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from .funds import Balance
from .margin_checks import Margin


@attrs.frozen(kw_only=True)
class AccountSnapshot:
    """The account as risk sees it.

    Attributes:
        balances: by currency; on a spot account with what is held in positions.
        equity: cash and positions at their marks, in the account's currency; None where a price is missing, and where
            no cash was given.
        margin: of a margin account, None for others.
        sequence: of the last update that is included.
    """

    balances: Mapping[str, Balance]
    equity: Decimal | None
    margin: Margin | None
    sequence: int
