"""What a modification asks for on a venue that has no amend, and how far it has come."""

from __future__ import annotations

from decimal import Decimal

import attrs


@attrs.frozen(kw_only=True)
class Replacement:
    """A modification that is a cancel and a new order; a term of None stays.

    sent is the quantity of the new order once that is on its way, None while the present one is being cancelled.
    """

    request_id: str
    price: Decimal | None = None
    quantity: Decimal | None = None
    stop_price: Decimal | None = None
    expire_time_ns: int | None = None
    sent: Decimal | None = None
