"""Hosts beside each other and beside the documents: what differs, and whether it may.

| module       | what is in it                                                                        |
|--------------|--------------------------------------------------------------------------------------|
| `alike`      | two outcomes compared by what they mean: handles, ports and moments by their role    |
| `pair`       | two sessions that make the same calls, each given the time that the other needed not  |
| `deviations` | the known divergences of hosts, from `hosts/deviations.toml`                           |
| `judge`      | differences to verdicts: allowed, unspecified, violation                               |
| `compare`    | scripts on two hosts: the differences with their verdicts                             |
| `suite`      | the shipped transcripts, and a host's score per interface                             |
| `generate`   | random calls, by the declarations                                                     |
| `fuzz`       | sequences of them on two hosts; `minimise` makes a failing one short                  |
"""
