"""The call language: calls as text, sessions that run them, and transcripts that check themselves.

| module       | what it has                                                                     |
|--------------|---------------------------------------------------------------------------------|
| `syntax`     | text to statements with positions, for complete text and for what is being typed |
| `names`      | what a world's functions, handles and variables are called                      |
| `reader`     | values: WAVE and what the call language adds to it                               |
| `binding`    | statements to calls, checked against the declared types before anything runs    |
| `cursor`     | what is being typed at a cursor, for prompts                                    |
| `session`    | a host, variables, and running calls                                            |
| `outcomes`   | outcomes as text                                                                |
| `pattern`    | what a transcript expects                                                       |
| `transcript` | reading transcripts; `replay` runs, compares and updates them; `saving` writes   |
"""
