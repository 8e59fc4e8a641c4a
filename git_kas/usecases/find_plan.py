"""Which plan somebody means."""

from collections.abc import Sequence

from git_kas.domain.lifecycle import FINISHED
from git_kas.domain.names import BranchName, PlanName, plan_name_from_argument
from git_kas.domain.plan import Plan
from git_kas.errors import InvalidName, NotFound, UsageError
from git_kas.ports.store import Store


def find_plan(store: Store, argument: str) -> PlanName:
    """The plan that ``argument`` names, or is an unambiguous part of; for commands that only read.

    Raises:
        NotFound: no plan's name contains it.
        UsageError: several do.
    """
    names = [plan.filename for plan in store.list_plans()]
    try:
        exact = plan_name_from_argument(argument)
    except InvalidName:
        exact = None
    if exact is not None and exact in names:
        return exact
    part = argument.lower()
    found = [name for name in names if part in name.lower()]
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(found[:5]) + (" …" if len(found) > 5 else "")
        raise UsageError(f"'{argument}' is part of {len(found)} names.", next_step=f"Say which: {shown}.")
    if exact is not None:
        store.get_plan(exact)  # says whether it was removed or renamed
    raise NotFound(f"plan not found: {argument}.", next_step="'git kas plan list' shows the plans.")


def plan_of_branch(plans: Sequence[Plan], branch: BranchName | None, next_step: str) -> Plan:
    """The plan that ``branch`` belongs to; a finished one gives its branch away. ``next_step`` says otherwise.

    Raises:
        UsageError: there is no branch, or several plans belong to it.
        NotFound: no plan does.
    """
    if branch is None:
        raise UsageError("No branch is checked out here that could name the plan.", next_step=next_step)
    found = [plan for plan in plans if (plan.branch_name() or plan.filename.default_branch) == branch]
    if not found:
        raise NotFound(f"No plan belongs to the branch '{branch}'.", next_step=next_step)
    found = [plan for plan in found if plan.status not in FINISHED] or found
    if len(found) > 1:
        names = ", ".join(plan.filename for plan in found)
        raise UsageError(f"Several plans belong to the branch '{branch}': {names}.", next_step=next_step)
    return found[0]
