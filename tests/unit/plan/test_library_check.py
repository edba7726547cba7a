"""What is known of the run image's libraries."""

from __future__ import annotations

from ml_buildpack.facts.settings import Settings
from ml_buildpack.plan.library_check import (
    ASSUMED,
    LibraryCheck,
    LibraryPlan,
    describe_known_image,
    describe_unknown_image,
    plan_library_check,
)
from ml_buildpack.plan.shared_libraries import ImageLibraries


def test_a_listed_image_has_what_is_listed_and_no_more() -> None:
    """Lines that are no names of libraries are passed over."""
    image = describe_known_image("libc.so.6\nlibstdc++.so.6\n# a comment\n\n")

    assert ImageLibraries(certain=frozenset({"libc.so.6", "libstdc++.so.6"}), is_listed=True) == image


def test_an_unknown_image_has_what_every_image_has_and_may_have_the_build_images() -> None:
    """A build image is usually the run image and more."""
    image = describe_unknown_image(frozenset({"libc.so.6", "libgomp.so.1"}))

    assert ImageLibraries(certain=ASSUMED, possible=frozenset({"libgomp.so.1"}), is_listed=False) == image


def test_the_check_is_on_unless_the_settings_say_otherwise() -> None:
    """With the Debian packages that are named already, for the message."""
    assert LibraryPlan(check=LibraryCheck.ERROR, apt=("libgl1",)) == plan_library_check(Settings(apt=("libgl1",)))
    assert LibraryPlan(check=LibraryCheck.OFF) == plan_library_check(Settings(library_check=LibraryCheck.OFF))
