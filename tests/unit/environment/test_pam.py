"""PAM stacks as pam-auth-update makes them."""

from __future__ import annotations

from osconf.environment.pam import expand_block, parse_profile, write_common_stacks

from .conftest import FarmMaker, PackageMaker

UNIX = """Name: Unix authentication
Default: yes
Priority: 256
Auth-Type: Primary
Auth:
\t[success=end default=ignore]\tpam_unix.so nullok try_first_pass
Auth-Initial:
\t[success=end default=ignore]\tpam_unix.so nullok
Session-Type: Additional
Session:
\trequired\tpam_unix.so
"""
SSS = """Name: SSS
Default: yes
Priority: 128
Auth-Type: Primary
Auth:
\t[success=end default=ignore]\tpam_sss.so use_first_pass
Session-Type: Additional
Session-Interactive-Only: yes
Session:
\toptional\tpam_sss.so
"""
OPTIONAL = "Name: Off\nDefault: no\nPriority: 900\nAuth-Type: Primary\nAuth:\n\trequired pam_off.so\n"


def test_jumps_lead_behind_the_primary_block() -> None:
    profiles = [parse_profile("sss", SSS), parse_profile("unix", UNIX)]
    assert expand_block(profiles, "Auth", "Primary").splitlines() == [
        "auth\t[success=2 default=ignore]\tpam_unix.so nullok",
        "auth\t[success=1 default=ignore]\tpam_sss.so use_first_pass",
    ]


def test_a_stack_without_primary_modules_permits() -> None:
    assert "pam_permit" in expand_block([parse_profile("unix", UNIX)], "Session", "Primary")
    assert expand_block([], "Session", "Additional") == ""


def test_templates_are_filled_from_default_profiles(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    tree = {
        "usr/share/pam-configs/unix": UNIX,
        "usr/share/pam-configs/sss": SSS,
        "usr/share/pam-configs/off": OPTIONAL,
        "usr/share/pam/common-auth": "# auth\n$auth_primary\nauth requisite pam_deny.so\n$auth_additional\n",
        "usr/share/pam/common-session": "$session_primary\n$session_additional\n",
        "usr/share/pam/common-session-noninteractive": "$session_nonint_primary\n$session_nonint_additional\n",
    }
    farm = make_farm(make_package("libpam-runtime", tree))
    write_common_stacks(farm)
    auth = farm.read("etc/pam.d/common-auth")
    assert auth.startswith("# auth\nauth\t[success=2")
    assert "pam_off" not in auth
    assert "pam_sss" in farm.read("etc/pam.d/common-session")
    assert "pam_sss" not in farm.read("etc/pam.d/common-session-noninteractive")
    assert not farm.has("etc/pam.d/common-password")
