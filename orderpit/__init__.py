"""An order management system made of actors, for people who write trading bots."""

from loguru import logger

from .actors.audit import AuditReport, audit
from .actors.exchange import Exchange
from .actors.logs import log_trouble, log_update
from .actors.messages import Problem
from .actors.monitor import Troubles
from .actors.simulated_exchange import SimulatedExchange
from .actors.strategy import Strategy
from .actors.system import TradingSystem
from .actors.venue import Venue
from .limits_file import LimitsFile, load_limits
from .model import events, reports
from .model.account import Currency, MarginAccount, SpotAccount
from .model.account_snapshot import AccountSnapshot
from .model.alarm import Alarm, AlarmCode
from .model.commands import CancelOrder, ModifyOrder, SubmitGroup, SubmitOrder
from .model.equity_curve import EquityPoint
from .model.errors import (
    BlockingCall,
    InvalidConfiguration,
    InvalidData,
    InvalidInstrument,
    InvalidJournal,
    InvalidMarketData,
    InvalidOrder,
    InvalidReport,
    InvalidValue,
    JournalBroken,
    JournalCorrupt,
    JournalError,
    JournalFull,
    JournalLocked,
    OrderpitError,
    Overloaded,
    SystemStopped,
)
from .model.events import OrderUpdate
from .model.explanation import Explanation
from .model.fill_models import ByProbability, ByQueuePosition, ByVolumeShare, FillModel, Reach, ThroughOnly, Touch
from .model.funds import Balance
from .model.group import Group
from .model.instrument import Instrument
from .model.kinds import (
    Action,
    Contingency,
    Liquidity,
    OrderState,
    OrderType,
    Pending,
    Reason,
    Role,
    Side,
    TimeInForce,
    TradingState,
    TrailingType,
    Trip,
)
from .model.latency import FixedLatency, NormalLatency, SampledLatency
from .model.limits import RiskLimits, Rule
from .model.margin_checks import Margin
from .model.market import Bar, Depth, MarketData, Quote, Trade
from .model.order import Order
from .model.performance import Performance
from .model.portfolio import PortfolioSnapshot, Position
from .model.reports import Fill
from .model.slippage import FixedSlippage, NormalSlippage, SampledSlippage, UniformSlippage
from .model.trading_hours import TradingHours
from .model.tying import BracketIds, GroupIds

# A library is silent until its host says otherwise: logger.enable("orderpit").
logger.disable("orderpit")

__version__ = "0.1.0"
__all__ = [
    "AccountSnapshot",
    "Action",
    "Alarm",
    "AlarmCode",
    "AuditReport",
    "Balance",
    "Bar",
    "BlockingCall",
    "BracketIds",
    "ByProbability",
    "ByQueuePosition",
    "ByVolumeShare",
    "CancelOrder",
    "Contingency",
    "Currency",
    "Depth",
    "EquityPoint",
    "Exchange",
    "Explanation",
    "Fill",
    "FillModel",
    "FixedLatency",
    "FixedSlippage",
    "Group",
    "GroupIds",
    "Instrument",
    "InvalidConfiguration",
    "InvalidData",
    "InvalidInstrument",
    "InvalidJournal",
    "InvalidMarketData",
    "InvalidOrder",
    "InvalidReport",
    "InvalidValue",
    "JournalBroken",
    "JournalCorrupt",
    "JournalError",
    "JournalFull",
    "JournalLocked",
    "LimitsFile",
    "Liquidity",
    "Margin",
    "MarginAccount",
    "MarketData",
    "ModifyOrder",
    "NormalLatency",
    "NormalSlippage",
    "Order",
    "OrderState",
    "OrderType",
    "OrderUpdate",
    "OrderpitError",
    "Overloaded",
    "Pending",
    "Performance",
    "PortfolioSnapshot",
    "Position",
    "Problem",
    "Quote",
    "Reach",
    "Reason",
    "RiskLimits",
    "Role",
    "Rule",
    "SampledLatency",
    "SampledSlippage",
    "Side",
    "SimulatedExchange",
    "SpotAccount",
    "Strategy",
    "SubmitGroup",
    "SubmitOrder",
    "SystemStopped",
    "ThroughOnly",
    "TimeInForce",
    "Touch",
    "Trade",
    "TradingHours",
    "TradingState",
    "TradingSystem",
    "TrailingType",
    "Trip",
    "Troubles",
    "UniformSlippage",
    "Venue",
    "audit",
    "events",
    "load_limits",
    "log_trouble",
    "log_update",
    "reports",
]
