"""The REPL: a person at a prompt who drives the state machines call by call.

| module       | what it has                                                                  |
|--------------|------------------------------------------------------------------------------|
| `repl`       | runs what was entered: calls, dot commands, pipes into shell commands         |
| `outcomes`   | what to show of a call: the outcome, what changed, why it failed, what helps  |
| `paths`      | the states of all handles and how they came there                             |
| `commands`   | the table of dot commands; `views`, `switches`, `files`, `waiting` do the work |
| `states`     | a state machine with the current state lit                                    |
| `python`     | a session as a Python program                                                 |
| `completion` | what could be entered next, and the call that is being typed                  |
| `highlight`  | entered text in colours                                                       |
| `prompt`     | the terminal; with `keys` the only importer of prompt-toolkit                  |
| `keys`       | TAB, and the keys that stop or end the process                                 |
"""
