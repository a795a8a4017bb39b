"""The configuration file: found and read at every start, so this much and no more is imported for it."""

from __future__ import annotations

import os
import sys

from wasinet.cli.settings import ConfigError, Settings

__all__ = ["config_path", "read_config"]


def config_path() -> str:
    """Where the file is, or would be: in the folder that the system has for configuration."""
    if sys.platform in ("darwin", "win32"):
        from platformdirs import user_config_dir

        folder = user_config_dir("wasinet", appauthor=False)
    else:
        # By hand what platformdirs does here; importing that costs as much as a tenth of a command's start.
        folder = os.environ.get("XDG_CONFIG_HOME", "")
        if not os.path.isabs(folder):
            # The XDG base directory specification: relative paths are to be ignored.
            folder = os.path.expanduser("~/.config")
        folder = os.path.join(folder, "wasinet")
    return os.path.join(folder, "config.toml")


def read_config(settings: Settings) -> None:
    """Put what the file says into the settings; without a file nothing happens.

    A mistake in it is kept in ``settings.config_error``: what repairs the file must still run.
    """
    path = config_path()
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        # Most people have none, and nothing more is to be imported for them.
        return
    except OSError:
        # The reader says what is wrong.
        pass
    from wasinet.cli.config_keys import apply, load

    try:
        apply(load(path), settings, path)
    except FileNotFoundError:
        # A link that leads nowhere, or a file that has just been taken away.
        return
    except ConfigError as error:
        settings.config_error = error
