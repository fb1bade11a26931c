"""What an order's terms are held to by its instrument and by the market, before any limit is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from .commands import ModifyOrder, SubmitOrder
from .instrument import Instrument
from .kinds import Reason
from .refusal import Refusal
from .reservation import Working
from .validation import check_expiry, check_has, check_submission
from .values import changed
from .valuing import Valuation


class TermsChecks:
    """Judges the terms of orders and of changes.

    Args:
        instruments: by symbol.
        valuation: knows the prices.
    """

    def __init__(self, instruments: Mapping[str, Instrument], valuation: Valuation) -> None:
        self._instruments = instruments
        self._valuation = valuation

    def refuse(self, command: SubmitOrder, now_ns: int) -> Refusal | None:
        """Judge a new order."""
        instrument = self._instruments.get(command.symbol)
        if instrument is None:
            known = ", ".join(sorted(self._instruments))
            return Refusal.of(Reason.UNKNOWN_SYMBOL, "symbol", command.symbol, f"is not one of {known}")
        return (
            check_submission(command, instrument, now_ns)
            or self._check_price(instrument, "price", command.price)
            or self._check_price(instrument, "stop_price", command.stop_price)
            or self._check_notional(instrument, command)
        )

    def refuse_change(self, known: Working, command: ModifyOrder, now_ns: int) -> Refusal | None:
        """Judge what a change changes: terms that were let pass before may stay."""
        instrument = self._instruments[known.terms.symbol]
        absent = check_has(known.terms, command) or check_expiry(command.expire_time_ns, now_ns)
        if absent is not None or only_ends(known, command):
            return absent
        asked = changed(known, asked=(*known.asked, command))
        return (
            (None if command.quantity is None else instrument.check_quantity(command.quantity))
            or self._check_price(instrument, "price", command.price)
            or self._check_price(instrument, "stop_price", command.stop_price)
            or self._check_notional(instrument, asked.requested)
        )

    def _check_price(self, instrument: Instrument, field: str, price: Decimal | None) -> Refusal | None:
        return None if price is None else instrument.check_price(field, price, self._valuation.price(instrument.symbol))

    def _check_notional(self, instrument: Instrument, terms: SubmitOrder) -> Refusal | None:
        if not instrument.limits_notional:
            return None
        notional = self._valuation.notional(terms)
        if notional is None:
            rule = "no market price is known to value it by"
            return Refusal.of(Reason.NO_REFERENCE_PRICE, "quantity", terms.quantity, rule)
        return instrument.check_notional(notional)


def only_ends(known: Working, command: ModifyOrder) -> bool:
    """Say whether a change brings the quantity to what has filled and does nothing else: what is done needs no judging.

    With another price it does, should the order execute at it before the quantity is cut, or the fill be taken back.
    """
    if command.quantity is None or command.quantity > known.filled:
        return False
    return command.price is None and command.stop_price is None and command.expire_time_ns is None
