"""The laws of groups of orders, held whenever the order manager has handled a message that concerns one."""

from __future__ import annotations

from collections.abc import Iterator

from ...actors.messages import Resume
from ...model.blotter import Blotter
from ...model.commands import Approved, Denied, SubmitGroup
from ...model.group import Group
from ...model.group_laws import group_laws
from ...model.reports import VENUE_REPORTS, VenueConnected
from .laws import must_equal
from .sharing import inside


class GroupLaws:
    """Finds the group that a message concerns.

    Args:
        blotter: of the order manager, read when it has handled the message.
    """

    def __init__(self, blotter: Blotter) -> None:
        self._blotter = blotter

    def hold(self, message: object) -> None:
        """Hold the groups that a message concerns, which the order manager has handled.

        Raises:
            Violation: when a law is broken.
        """
        for group in self._concerned(message):
            self._hold(group)

    def hold_all(self) -> None:
        """Hold all groups; for runs with few.

        Raises:
            Violation: when a law is broken.
        """
        for group in self._blotter.groups:
            self._hold(group)

    def _hold(self, group: Group) -> None:
        for finding in group_laws(group, self._blotter.gate):
            if finding.found != finding.expected:
                must_equal("I-22", f"{finding.law}: {finding.subject}", finding.found, finding.expected)

    def _concerned(self, message: object) -> Iterator[Group]:
        if isinstance(message, VenueConnected | Resume):
            yield from self._blotter.groups
            return
        group_id: str | None = None
        if type(message) in VENUE_REPORTS:
            client_id = message.client_order_id  # type: ignore[attr-defined]  # one of VENUE_REPORTS
            group_id = self._group_of(inside(self._blotter, "_by_client_id").get(client_id, ""))
        elif isinstance(message, Approved | Denied):
            command = message.command
            group_id = command.group_id if isinstance(command, SubmitGroup) else self._group_of(command.order_id or "")
        group = None if group_id is None else self._blotter.groups.get(group_id)
        if group is not None:
            yield group

    def _group_of(self, order_id: str) -> str | None:
        order = self._blotter.order(order_id)
        return None if order is None else order.group_id
