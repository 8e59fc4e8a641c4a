"""Which plan somebody means."""

from git_kas.domain.names import PlanName, plan_name_from_argument
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
