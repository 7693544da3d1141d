"""The suite finds out each driver that lies, says about what, and brings the device back all the same."""

from typing import Any

import pytest
from tests.runner.adapters.napalm.conformance.liars import LIARS
from tests.runner.adapters.napalm.conformance.rack import RUNNING

# Drivers that cannot remove what they have added: no program brings their device back, so it is said aloud.
CANNOT_GO_BACK = {"MergesForReplace", "TakesForeignCandidateAlong"}
# What each must not be believed; more may be unproved where one lie stands in the way of other proofs.
CAUGHT = {
    "IgnoresRevertIn": {"replace", "merge", "commit-confirm", "confirm-elsewhere", "revert-bounds"},
    "ClientSideTimer": {"commit-confirm"},
    "ComparesNothing": {"native-diff"},
    "ComparesBackwards": {"native-diff"},
    "RollsBackToStartup": {"commit-confirm"},
    "RevertsToStartup": {"commit-confirm"},
    "CommitsNothing": {"replace", "merge", "commit-confirm", "confirm-elsewhere"},
    "HalfApplied": {"atomic"},
    "DropsBadLines": {"atomic"},
    "SwallowsBadCandidates": {"atomic"},
    "TalksOfNoChange": {"native-diff"},
    "AnswersForAnother": {"whole-read"},
    "IsAnother": {"whole-read"},
    "Truncates": {"whole-read"},
    "RevertsLate": {"commit-confirm"},
    "ConfirmsNothing": {"confirm-elsewhere"},
    "ConfirmsOnlyHere": {"confirm-elsewhere"},
    "SeesOwnPendingOnly": {"foreign-candidate", "confirm-elsewhere"},
    "ThrowsForeignCandidatesAway": {"foreign-candidate", "lock"},
    "SeesNoNeighbour": {"foreign-candidate", "lock"},
    "TakesForeignCandidateAlong": {"foreign-candidate", "lock"},
    "MergesForReplace": {"replace"},
    "ReplacesForMerge": {"merge"},
    "WrapsAtADay": {"revert-bounds"},
    "ZeroIsForGood": set(),
}


def test_every_liar_of_the_rack_is_on_trial() -> None:
    assert set(CAUGHT) == set(LIARS) - {"Honest"}


def test_an_honest_driver_has_everything_proved_but_the_message_that_it_refuses(tried: Any) -> None:
    trial = tried("Honest")
    assert trial.unproved() == {"message"}, trial.run
    assert not trial.run.capability.missing()
    assert trial.rack.running() == RUNNING
    assert not trial.run.stranded


@pytest.mark.parametrize("liar", sorted(CAUGHT))
def test_the_liar_is_caught_and_the_device_is_brought_back(tried: Any, liar: str) -> None:
    trial = tried(liar)
    assert CAUGHT[liar] <= trial.unproved(), trial.run
    assert bool(trial.run.stranded) == (liar in CANNOT_GO_BACK)
    assert (trial.rack.running() == RUNNING) == (liar not in CANNOT_GO_BACK)
