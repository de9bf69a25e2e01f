"""Several levels into one: of the probes under a rule, and of the rules of a gate.

`need` of the members must be bad: one (any), each (all), or k of n (quorum). By the numbers of stale, undecided, bad, doubtful
and failing members (s, u, b, d, f), the first line that holds:

| holds                              | is        | for                                                                     |
|------------------------------------|-----------|-------------------------------------------------------------------------|
| s ≥ need                           | STALE     | those that are silent could alone be bad enough                         |
| s > 0 and b < need ≤ b + s + u     | STALE     | whether it is bad hangs on what is silent                               |
| b ≥ need                           | BAD       | whatever the others say                                                 |
| b + d ≥ need                       | DOUBTFUL  | failures enough, not all of the kind that counts                        |
| b + d + f > 0                      | FAILING   | something fails, and it is not enough                                   |
| u ≥ need                           | UNDECIDED | those that have too few results could alone be bad enough               |
| otherwise                          | FINE      |                                                                         |

With `need` 1 any stale member makes it STALE. More stale members never make it less so: what is stale stays stale as the rest
ages, so a lease can be told the moment at which it lapses (`gates.verdict.hangs_on`).
"""

from __future__ import annotations

from collections.abc import Sequence

from gates.rules.reading import Level


def combined(levels: Sequence[Level], need: int) -> Level:
    """`levels` of at least `need` members."""
    if len(levels) == 1:
        return levels[0]
    stale, bad, undecided = levels.count(Level.STALE), levels.count(Level.BAD), levels.count(Level.UNDECIDED)
    if stale >= need or (stale and bad < need <= bad + stale + undecided):
        return Level.STALE
    if bad >= need:
        return Level.BAD
    doubtful = bad + levels.count(Level.DOUBTFUL)
    if doubtful >= need:
        return Level.DOUBTFUL
    if doubtful or Level.FAILING in levels:
        return Level.FAILING
    return Level.UNDECIDED if undecided >= need else Level.FINE
