"""Deposits and withdrawals: which are let pass, and which have been asked for already."""

from __future__ import annotations

from decimal import Decimal

from . import events as e
from .account_events import CashMoved
from .commands import MoveCash
from .conversion import Conversion
from .funds import Funds
from .kinds import Reason
from .margin_checks import MarginChecks
from .numbers import ZERO, negate, plain
from .refusal import Refusal


class Transfers:
    """Judges what is paid in or out.

    Args:
        funds: what there is, and what is free of it.
        margin: of a margin account, None for others.
        conversion: between currencies.
        currency: the account's.
    """

    def __init__(self, funds: Funds, margin: MarginChecks | None, conversion: Conversion, currency: str | None) -> None:
        self._funds = funds
        self._margin = margin
        self._conversion = conversion
        self._currency = currency
        self._known: dict[str, MoveCash] = {}

    def judge(self, command: MoveCash, now_ns: int, source: str) -> CashMoved | e.CommandRefused | None:
        """Return the fact for the record; None for a transfer that was recorded before.

        What is let pass counts from now on.
        """
        transfer_id = command.transfer_id
        assert transfer_id is not None, "the edge gives every transfer an id"
        known = self._known.get(transfer_id)
        if known == command:
            return None
        refusal = self._refuse_withdrawal(command) if command.amount < ZERO else None
        if known is not None:
            text = f"transfer_id {transfer_id}: is taken by a transfer with other content"
            refusal = Refusal(Reason.DUPLICATE_ID, text)
        if refusal is not None:
            return e.CommandRefused(
                time_ns=now_ns,
                source=source,
                order_id=transfer_id,
                strategy_id=command.source,
                command=MoveCash.__name__,
                reason=refusal.reason,
                text=refusal.text,
            )
        self._known[transfer_id] = command
        self._funds.pays(command.currency, command.amount)
        return CashMoved(
            time_ns=now_ns,
            source=command.source,
            transfer_id=transfer_id,
            currency=command.currency,
            amount=command.amount,
            text=command.text,
        )

    def recover(self, fact: CashMoved) -> None:
        """Count a transfer that was recorded before."""
        self._known[fact.transfer_id] = MoveCash(
            fact.currency,
            fact.amount,
            transfer_id=fact.transfer_id,
            text=fact.text,
            time_ns=fact.time_ns,
            source=fact.source,
        )
        self._funds.pays(fact.currency, fact.amount)

    def _refuse_withdrawal(self, command: MoveCash) -> Refusal | None:
        amount, currency = negate(command.amount), command.currency
        if self._funds.cash is None:
            # Nothing is held to funds, so neither is this.
            return None
        if self._margin is not None:
            return self._refuse_beyond_margin(amount, currency, self._margin)
        free = self._funds.balance(currency).free
        if amount <= free:
            return None
        rule = f"must be at most the {plain(free)} {currency} that are free"
        return Refusal.of(Reason.INSUFFICIENT_FUNDS, "amount", amount, rule)

    def _refuse_beyond_margin(self, amount: Decimal, currency: str, margin: MarginChecks) -> Refusal | None:
        free, target = margin.margin().free, self._currency or currency
        worth = self._conversion.convert(amount, currency, target)
        if free is None or worth is None:
            rule = "no market price is known to value it by"
            return Refusal.of(Reason.NO_REFERENCE_PRICE, "amount", amount, rule)
        if worth <= free:
            return None
        rule = f"must be at most the {plain(max(free, ZERO))} {target} of margin that are free"
        return Refusal.of(Reason.INSUFFICIENT_MARGIN, "amount", worth, rule)
