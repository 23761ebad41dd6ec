"""What else takes this program's time."""

from self_test_world import Hand

from nra.net.self_test.load import busy, collector


def test_load_is_in_percent_of_the_cores() -> None:
    """Three programs that want to run on two cores are 150 %."""
    (found,) = busy(lambda: (3.0, 0.0, 0.0), 2)
    assert (found.key, found.value, found.evidence) == ("load.cpu", 150, "load 3.00 on 2 cores, last minute")


def test_a_system_without_load_average_says_so() -> None:
    """Windows has none."""
    (found,) = busy(None, 8)
    assert (found.value, found.exists, found.evidence) == (None, False, "this system has no load average")


def test_the_longest_collection_counts() -> None:
    """In ms, of several: the first one finds the most."""
    clock, pauses = Hand(), iter([30_000_000, 12_000_000, 5_000_000])

    def collect() -> int:
        clock.now += next(pauses)
        return 0

    (found,) = collector(collect, clock)
    assert (found.key, found.value) == ("load.collector", 30.0)
