"""What is made of the definitions of the commands: manual pages and completions.

The command line describes itself as ``program.Program``, and the declarations of the worlds describe
themselves, so a new command, option or function appears by itself.
"""
