"""What a new tenant costs: `./dev bench tenants [--tenants 1000]`. Target: 20 ms each."""

from __future__ import annotations

import argparse
import time

from benchmarks._house import house, median_ms, show, verdict

TARGET_MS = 20.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench tenants", description=__doc__)
    parser.add_argument("--tenants", type=int, default=1_000)
    options = parser.parse_args()
    with house():
        measure(options.tenants)


def measure(tenants: int) -> None:
    from cso.people.actions import add_unit
    from tenants.keys import create_api_key
    from tenants.members import add_member, create_tenant
    from tenants.models import User
    from tenants.roles import SCOPE_GRANTS, Role
    from tenants.scope import tenant_scope

    administrator = User.objects.create_user("admin@bench.example", None, name="Administrator")
    bare, usable, furnished = [], [], []
    for n in range(tenants):
        began = time.perf_counter()
        tenant = create_tenant(f"tenant-{n}", f"Tenant {n}", "America/Toronto")
        bare.append(time.perf_counter() - began)
        with tenant_scope(tenant):
            add_member(administrator, Role.ADMINISTRATOR, by=None)
        usable.append(time.perf_counter() - began)
        with tenant_scope(tenant):
            create_api_key(tenant, "First key", list(SCOPE_GRANTS), by=None)
            add_unit("top", tenant.name, by=None)
        furnished.append(time.perf_counter() - began)
    tenth = max(1, tenants // 10)
    rows = [
        [name, f"{median_ms(times):.1f}", f"{median_ms(times[:tenth]):.1f}", f"{median_ms(times[-tenth:]):.1f}"]
        for name, times in [
            ("the tenant alone", bare),
            ("with its administrator", usable),
            ("with an API key and a first unit, too", furnished),
        ]
    ]
    show(
        f"Creating {tenants:,} tenants, {sum(furnished):.1f} s in all",
        ["", "median ms", "first tenth", "last tenth"],
        rows,
        f"Target: {TARGET_MS:.0f} ms each, with its administrator: {verdict(median_ms(usable) <= TARGET_MS)}.",
    )


if __name__ == "__main__":
    main()
