"""The probe names what a machine lacks, one line each, with the way to get it.

Input: machines that lack something. Output: lines for the operator.
"""

import pathlib
import shutil

import pytest

from murenger.lab import probe

TOOLS = ("unshare", "ip", "nft", "conntrack", "true", "sshd", "sudo", "chpasswd")


def machine(folder: pathlib.Path, *, without: str = "", is_root: bool = False, **settings: str) -> probe.Machine:
    """Return a machine whose programs all succeed, but for the one that is missing."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    for tool in TOOLS:
        if tool != without:
            (programs / tool).write_text("#!/bin/sh\nexit 0\n")
            (programs / tool).chmod(0o755)
    for name, value in settings.items():
        path = folder / "sys" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")
    return probe.Machine(path=str(programs), settings=folder / "sys", is_root=is_root)


def test_machine_with_everything_lacks_nothing(tmp_path: pathlib.Path) -> None:
    everything = machine(tmp_path, is_root=True, user__max_user_namespaces="100")
    assert probe.missing("userns", everything) == ()
    assert probe.missing("netns", everything) == ()


@pytest.mark.parametrize(
    ("tool", "package", "form"),
    [
        ("nft", "nftables", "userns"),
        ("ip", "iproute2", "userns"),
        ("conntrack", "conntrack", "userns"),
        ("unshare", "util-linux", "netns"),
        ("sshd", "openssh-server", "netns"),
        ("sudo", "sudo", "netns"),
    ],
)
def test_missing_tool_is_named_with_its_package(tmp_path: pathlib.Path, tool: str, package: str, form: str) -> None:
    found = probe.missing(form, machine(tmp_path, without=tool, is_root=True))
    assert [str(item) for item in found] == [f"{tool} is missing: apt install {package}"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"user__max_user_namespaces": "0"}, "user.max_user_namespaces"),
        ({"kernel__apparmor_restrict_unprivileged_userns": "1"}, "apparmor_restrict_unprivileged_userns=0"),
        ({"kernel__unprivileged_userns_clone": "0"}, "unprivileged_userns_clone=1"),
    ],
)
def test_forbidden_user_namespaces_are_named_with_their_setting(
    tmp_path: pathlib.Path, settings: dict[str, str], words: str
) -> None:
    (found,) = probe.missing("userns", machine(tmp_path, **settings))
    assert words in found.remedy


def test_openssh_form_needs_root(tmp_path: pathlib.Path) -> None:
    (found,) = probe.missing("netns", machine(tmp_path))
    assert "root" in found.what


def test_kernel_that_refuses_is_quoted_in_one_line(tmp_path: pathlib.Path) -> None:
    refusing = machine(tmp_path)
    (tmp_path / "bin" / "unshare").write_text(
        "#!/bin/sh\necho 'unshare failed:' >&2\necho 'not permitted' >&2\nexit 1\n"
    )
    (found,) = probe.missing("userns", refusing)
    assert str(found).endswith("unshare failed: not permitted")


def test_kernel_without_nft_is_told_apart_from_one_without_namespaces(tmp_path: pathlib.Path) -> None:
    lacking = machine(tmp_path)
    script = '#!/bin/sh\ncase "$*" in *nft*) echo "Protocol not supported" >&2; exit 1;; esac\n'
    (tmp_path / "bin" / "unshare").write_text(script)
    (found,) = probe.missing("userns", lacking)
    assert "nf_tables" in found.remedy
    assert "Protocol not supported" in found.what


def test_tools_are_found_in_system_folders_outside_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert shutil.which("ls", path=probe.this_machine().path)
