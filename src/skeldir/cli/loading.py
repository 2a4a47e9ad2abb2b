"""Loads the module of a command when somebody asks for the command: each one starts without what the others need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group


class _Commands(MutableMapping[str, Any]):
    """The commands of the program by name, each loaded when it is read."""

    def __init__(self, places: Mapping[str, str], loaded: Mapping[str, Any]) -> None:
        self._places = places
        self._loaded = dict(loaded)
        self._names = [*(words for words in places if " " not in words), *loaded]

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        if name not in self:
            self._names.append(name)
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        self._names.remove(name)
        self._loaded.pop(name, None)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _load(self, name: str) -> Any:
        command = _make(name, self._places[name])
        for words, place in self._places.items():
            group, _, second = words.partition(" ")
            if group == name and second:
                command.commands[second] = _make(second, place)
        return command


def load_when_asked(places: Mapping[str, str]) -> type[TyperGroup]:
    """Return the class of a group that has the commands at these places, besides those that it is given.

    A place is `module.name` in `skeldir.cli`: a function or a Typer. Two words add a command to the group of the first.
    """

    class Group(TyperGroup):
        """A group whose commands are loaded when somebody asks for them."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands = _Commands(places, self.commands)

    return Group


def _make(name: str, place: str) -> Any:
    module, _, attribute = place.rpartition(".")
    found = getattr(import_module(f"skeldir.cli.{module}"), attribute)
    made = typer.Typer(add_completion=False)
    if not isinstance(found, typer.Typer):
        made.command(name)(found)
        return get_command(made)
    made.add_typer(found, name=name)
    return get_group(made).commands[name]
