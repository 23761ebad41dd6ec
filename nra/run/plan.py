"""From settings to the plan: the ladder for voice, a question for each port, whom to ask when all is silent."""

from nra.model.plan import CheckParameters, Plan, Task
from nra.run.far_end import far_end
from nra.run.ladder import rungs
from nra.run.questions import port_question, surroundings, target_of
from nra.run.settings import Settings


def make_plan(settings: Settings) -> Plan:
    """Return what to do; a half that was not asked for is empty."""
    https = settings.region.https
    control = Task(probe="tcp_connect", target=target_of(https), parameters=CheckParameters()) if https is not None else None
    voice = () if settings.asked.only == "firewall" else rungs(settings)
    if settings.asked.only == "voice":
        return Plan(voice=voice, ports=(), control=control)
    return Plan(
        voice=voice,
        ports=tuple(port_question(service, settings) for service in settings.services),
        far_end=far_end(settings),
        surroundings=surroundings(settings),
        control=control,
    )
