"""conda's match specs in PEP 440. The expected values are those that py-rattler 0.25 allows, release by release."""

from __future__ import annotations

import pytest

from ml_buildpack.facts.conda.match_specs import MatchSpec, UnusableSpecError, read_match_spec


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("numpy", MatchSpec(name="numpy")),
        ("NumPy", MatchSpec(name="numpy")),
        ("numpy=1.26", MatchSpec(name="numpy", specifier="==1.26.*")),
        ("numpy =1.26", MatchSpec(name="numpy", specifier="==1.26.*")),
        ("numpy=1", MatchSpec(name="numpy", specifier="==1.*")),
        ("numpy=1.26.*", MatchSpec(name="numpy", specifier="==1.26.*")),
        ("numpy==1.26.4", MatchSpec(name="numpy", specifier="==1.26.4")),
        ("numpy 1.26.4", MatchSpec(name="numpy", specifier="==1.26.4")),
        ("numpy>=1.2,<2", MatchSpec(name="numpy", specifier=">=1.2,<2")),
        ("numpy >= 1.2 , < 2", MatchSpec(name="numpy", specifier=">=1.2,<2")),
        ("numpy>1.2", MatchSpec(name="numpy", specifier=">1.2")),
        ("numpy~=1.2", MatchSpec(name="numpy", specifier="~=1.2")),
        ("numpy!=1.2", MatchSpec(name="numpy", specifier="!=1.2")),
        ("numpy!=1.2.*", MatchSpec(name="numpy", specifier="!=1.2.*")),
        ("numpy>=1.2.*", MatchSpec(name="numpy", specifier=">=1.2")),
        ("numpy=1.2,<3", MatchSpec(name="numpy", specifier="==1.2.*,<3")),
        ("numpy 1.2*", MatchSpec(name="numpy", specifier="==1.2.*")),
        ("numpy *", MatchSpec(name="numpy")),
        ("numpy 1.2.*|1.3.*", MatchSpec(name="numpy", specifier=">=1.2,<1.4")),
        ("numpy>=1,<2|>=3", MatchSpec(name="numpy", specifier=">=1,!=2.*")),
        ("numpy 1.26.* py311_0", MatchSpec(name="numpy", specifier="==1.26.*", build="py311_0")),
        ("numpy=1.26.4=py311h_0", MatchSpec(name="numpy", specifier="==1.26.4", build="py311h_0")),
        ("numpy=1.26=*py311*", MatchSpec(name="numpy", specifier="==1.26", build="*py311*")),
        ("numpy==1.26.4=py_0", MatchSpec(name="numpy", specifier="==1.26.4", build="py_0")),
        ("pytorch=*=*cuda*", MatchSpec(name="pytorch", build="*cuda*")),
        ("pytorch * cpu*", MatchSpec(name="pytorch", build="cpu*")),
        ("conda-forge::numpy", MatchSpec(name="numpy", channel="conda-forge")),
        ("pkgs/main/linux-64::numpy>1", MatchSpec(name="numpy", specifier=">1", channel="pkgs/main/linux-64")),
        (
            "https://conda.example/forge::numpy=1.2",
            MatchSpec(name="numpy", specifier="==1.2.*", channel="https://conda.example/forge"),
        ),
        ("numpy[version='>=1,<2']", MatchSpec(name="numpy", specifier=">=1,<2")),
        (
            'numpy[version=1.2, build="py*", channel=forge]',
            MatchSpec(name="numpy", specifier="==1.2", build="py*", channel="forge"),
        ),
        ("_libgcc_mutex=0.1=main", MatchSpec(name="_libgcc_mutex", specifier="==0.1", build="main")),
    ],
)
def test_spec(text: str, spec: MatchSpec) -> None:
    """Each form; one "=" is a series, but with a build it is that very version."""
    assert spec == read_match_spec(text)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("=1.2", '"=1.2" names no package.'),
        ("jpeg=9e", '"=9e" is not a version that a package of PyPI can have.'),
        ("numpy=1.*.2", '"1.*.2" has a star in the middle. Write one range, such as ">=1.2,<2".'),
        ("numpy^1.2", '"^1.2" is more than a list of conditions. Write one range, such as ">=1.2,<2".'),
        ("numpy (>=1,<2)|3", '"(>=1,<2)" is more than a list of conditions. Write one range, such as ">=1.2,<2".'),
        ("numpy=>1.2", '"=>1.2" is not a condition for a version.'),
        ("numpy 1.2 py3 extra", '"1.2 py3 extra" has more than a version and a build.'),
        ("numpy 1.2|1.4", 'Python packaging has no word for "or", and no single range says "1.2|1.4".'),
    ],
)
def test_unusable_spec(text: str, detail: str) -> None:
    """Refused instead of guessed at."""
    with pytest.raises(UnusableSpecError) as caught:
        read_match_spec(text)

    assert detail == str(caught.value)
