"""Few cases in which every two values of different dimensions meet, if they can meet at all."""

import itertools
import random


def product(dimensions, possible):
    """Every case that is possible, as dictionaries."""
    names = list(dimensions)
    for values in itertools.product(*dimensions.values()):
        case = dict(zip(names, values))
        if possible(case):
            yield case


def pairs_of(case):
    return set(itertools.combinations(sorted(case.items()), 2))


def pairwise(dimensions, possible, seed):
    """A list of possible cases that covers every pair of values that some possible case has.

    Greedy: the next case is the one with the most pairs not yet met; what is equal is decided by the seed.
    """
    candidates = [(case, pairs_of(case)) for case in product(dimensions, possible)]
    random.Random(seed).shuffle(candidates)
    missing = set().union(*(pairs for _, pairs in candidates)) if candidates else set()
    chosen = []
    while missing:
        case, pairs = max(candidates, key=lambda candidate: len(candidate[1] & missing))
        chosen.append(case)
        missing -= pairs
    return chosen
