"""What is made of the definitions of the commands: manual pages and completions.

Nothing here knows a command by name: the command line describes itself as ``program.Program``, and the
declarations of the worlds describe themselves, so a new command or function appears by itself.
"""
