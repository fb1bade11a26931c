"""Races that a bot may lose: what the market does at the worst moment, relative to what the bot has just done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Final

import attrs

from ...actors.messages import Halt, StartStrategy, StopStrategy
from ...model.commands import CancelOrder, ModifyOrder, SubmitOrder
from ...model.errors import InvalidConfiguration
from ...model.events import OrderOpened, OrderUpdate
from ...model.instrument import Instrument
from ...model.kinds import OrderType, Side
from ...model.market import MARKET_DATA, MarketData, Quote
from ...model.numbers import EXACT, ONE, add, multiply, subtract
from ...model.order import Order
from ..schedules import Window
from .worlds import BOT, Run, World

_WIDTH: Final = 4
"""Increments between bid and ask of the quotes that a race brings."""
_AWAY: Final = Decimal("0.01")
LEAD: Final = 60
"""Records within which a race must have come about."""
_SWEEPS: Final = 3
"""How often what the bot then has resting is filled, so that what it did wrong shows."""


@attrs.frozen
class Moment:
    """What has just happened, as a race sees it.

    Args:
        run: what is seen of the bot.
        message, receiver: what was handed out last, and to whom.
        instruments: what is traded, by symbol.
        quote: the latest.
    """

    run: Run
    message: object
    receiver: str
    instruments: Mapping[str, Instrument]
    quote: Quote


@attrs.frozen
class Situation:
    """A race between a bot and the market.

    Args:
        name: by which it is asked for.
        what: what happens, in one sentence.
        meets: given each moment, the market data, or the halt, that race with what the bot has just done; none while
            it is too early.
        stops: whether the bot is also told to stop then.
    """

    name: str
    what: str
    meets: Callable[[Moment], Iterable[MarketData | Halt]]
    stops: bool = False


def crossing(order: Order, instrument: Instrument, quantity: Decimal | None = None, better: int = 0) -> Quote:
    """Return the quote that fills a limit order, up to a quantity, at a price better by so many increments."""
    increment = instrument.price_increment
    assert order.price is not None, "a limit order has a price"
    gain, width = multiply(Decimal(better), increment), multiply(Decimal(_WIDTH), increment)
    if order.side is Side.BUY:
        ask = max(subtract(order.price, gain), add(increment, width))
        return Quote(order.symbol, bid=subtract(ask, width), ask=ask, ask_size=quantity)
    bid = add(order.price, gain)
    return Quote(order.symbol, bid=bid, ask=add(bid, width), bid_size=quantity)


def resting(run: Run) -> Iterator[Order]:
    """Yield the bot's limit orders that are at the venue and have not filled."""
    return (order for order in run.orders() if order.order_type is OrderType.LIMIT and order.is_open)


def _asked_for(moment: Moment, kind: type[CancelOrder | ModifyOrder]) -> Order | None:
    """Return the resting order that such a command is about."""
    message = moment.message
    if not isinstance(message, kind) or moment.receiver == BOT:
        return None
    return next((order for order in resting(moment.run) if order.order_id == message.order_id), None)


def _just_opened(moment: Moment) -> Order | None:
    update = moment.message
    if moment.receiver != BOT or not isinstance(update, OrderUpdate) or not isinstance(update.event, OrderOpened):
        return None
    return next((order for order in resting(moment.run) if order.order_id == update.event.order_id), None)


def _half(order: Order, instrument: Instrument) -> Decimal | None:
    """Return about half of what is left, None when it cannot be divided."""
    lot = instrument.quantity_increment
    half = multiply(EXACT.divide_int(EXACT.divide_int(order.leaves_quantity, lot), Decimal(2)), lot)
    return half or None


def _fill_meets(kind: type[CancelOrder | ModifyOrder]) -> Callable[[Moment], Iterator[MarketData]]:
    def meets(moment: Moment) -> Iterator[MarketData]:
        order = _asked_for(moment, kind)
        if order is not None:
            yield crossing(order, moment.instruments[order.symbol])

    return meets


def _part_meets_cancel(moment: Moment) -> Iterator[MarketData]:
    order = _asked_for(moment, CancelOrder)
    half = None if order is None else _half(order, moment.instruments[order.symbol])
    if order is not None and half is not None:
        yield crossing(order, moment.instruments[order.symbol], half)


def _two_parts(moment: Moment) -> Iterator[MarketData]:
    order = _just_opened(moment)
    half = None if order is None else _half(order, moment.instruments[order.symbol])
    if order is not None and half is not None:
        yield crossing(order, moment.instruments[order.symbol], half)
        # At another price, since what was quoted at the first has been consumed.
        yield crossing(order, moment.instruments[order.symbol], better=1)


def _away_and_back(moment: Moment) -> Iterator[MarketData]:
    order = _just_opened(moment)
    if order is None:
        return
    factor = add(ONE, _AWAY) if order.side is Side.BUY else subtract(ONE, _AWAY)
    yield _moved(moment, factor)
    yield moment.quote


def _burst(moment: Moment) -> Iterator[MarketData]:
    if moment.receiver == BOT and type(moment.message) in MARKET_DATA:
        for factor in (subtract(ONE, _AWAY), add(ONE, _AWAY), ONE):
            yield _moved(moment, factor)


def _as_it_starts(moment: Moment) -> Iterator[MarketData]:
    if isinstance(moment.message, StartStrategy):
        yield _moved(moment, subtract(ONE, _AWAY))
        yield _moved(moment, add(ONE, _AWAY))


def _as_it_stops(moment: Moment) -> Iterator[MarketData]:
    order = _just_opened(moment)
    if order is not None and not isinstance(moment.message, StopStrategy):
        yield crossing(order, moment.instruments[order.symbol])


def _halted(moment: Moment) -> Iterator[Halt]:
    if isinstance(moment.message, SubmitOrder):
        yield Halt("in a race")


def _moved(moment: Moment, factor: Decimal) -> Quote:
    quote = moment.quote
    on_tick = moment.instruments[quote.symbol].on_tick
    bid = None if quote.bid is None else on_tick(multiply(quote.bid, factor))
    ask = None if quote.ask is None else on_tick(multiply(quote.ask, factor))
    return Quote(quote.symbol, bid=bid, ask=ask)


_ALL: Final = (
    Situation(
        "a fill overtakes the cancel",
        "The bot cancels a resting order, and the market fills it before the cancel arrives, or just does not.",
        _fill_meets(CancelOrder),
    ),
    Situation(
        "a partial fill overtakes the cancel",
        "The bot cancels a resting order, and half of it fills before the cancel arrives, or just does not.",
        _part_meets_cancel,
    ),
    Situation(
        "a fill overtakes the modify",
        "The bot modifies a resting order, and the market fills it before the modification arrives, or just does not.",
        _fill_meets(ModifyOrder),
    ),
    Situation(
        "an order is refused",
        "Trading is halted while an order is on its way: it is refused, or just not, and those after it are.",
        _halted,
    ),
    Situation(
        "two partial fills in a row",
        "An order that has just opened fills in two parts, one right after the other.",
        _two_parts,
    ),
    Situation(
        "the price moves away and back",
        "As an order opens, the price moves away by one per cent, and comes back at once.",
        _away_and_back,
    ),
    Situation(
        "a quote burst",
        "While the bot looks at a quote, three others come, one per cent down, up, and back.",
        _burst,
    ),
    Situation(
        "a quote while it starts",
        "The market moves while the bot starts.",
        _as_it_starts,
    ),
    Situation(
        "a fill while it stops",
        "An order that has just opened fills while the bot is told to stop.",
        _as_it_stops,
        stops=True,
    ),
)
SITUATIONS: Final[Mapping[str, Situation]] = MappingProxyType({one.name: one for one in _ALL})
"""Every race for a bot, by its name."""


def situation(name: str) -> Situation:
    """Return a race.

    Raises:
        InvalidConfiguration: for a name that is not known.
    """
    if name not in SITUATIONS:
        raise InvalidConfiguration.of("race", name, f"must be one of: {', '.join(SITUATIONS)}")
    return SITUATIONS[name]


def enter(world: World, at: Situation, window: Window, records: Sequence[MarketData]) -> None:
    """Lead up to a race, let it run, and let the market take up what the bot makes of it.

    Raises:
        InvalidConfiguration: when it never comes about.
    """
    instruments = world.system.instruments
    quotes = [record for record in records if isinstance(record, Quote)]
    if not quotes:
        raise InvalidConfiguration.of("data", records, "must have a Quote for a race")
    quote, begun = quotes[0], False

    def look(message: object, receiver: str) -> None:
        nonlocal begun
        met = () if begun else tuple(at.meets(Moment(world.run, message, receiver, instruments, quote)))
        if met:
            begun = window.is_open = True
            world.feed(met)
            if at.stops:
                world.stop_bot()

    world.on_step = look
    world.start()
    world.move()
    for record in records:
        if begun:
            break
        quote = record if isinstance(record, Quote) else quote
        world.feed([record])
        world.move()
    if not begun:
        rule = f"must come about within {len(records)} records, and with this bot and these market data it does not"
        raise InvalidConfiguration.of("race", at.name, rule)
    window.is_open = False
    world.feed([quote])
    for _ in range(_SWEEPS):
        world.move()
        world.feed([crossing(order, instruments[order.symbol]) for order in resting(world.run)])
    world.finish()
