"""A property worked out once and kept: ``functools.cached_property`` without the lock that it takes in Python 3.11.

What is made for one patient lives for a millisecond in one thread; a dozen such locks were felt in every answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class kept(Generic[T]):
    """Keeps in the instance's ``__dict__`` what a method says of it, under the method's name."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        """Take the method."""
        self._make, self._name, self.__doc__ = make, make.__name__, make.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> kept[T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> kept[T] | T:
        """The value; asked for once only, as what is kept is found before this."""
        if instance is None:
            return self
        found = instance.__dict__[self._name] = self._make(instance)
        return found
