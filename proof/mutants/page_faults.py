"""Negative twins of pages and of the people who see them."""

from __future__ import annotations

from typing import Final

from proof.mutants.seeding import Patch, Twin

_ACCESS: Final = "src/skeldir/web/access.py"
_PEOPLE: Final = "src/skeldir/migrations/sql/202612062000_users.sql"

PAGE_TWINS: Final = (
    Twin(
        "page-of-the-named-tenant",
        "A page shows the tenant that its address names, whether or not the user is a member.",
        (
            Patch(
                _ACCESS,
                "    bound = tenant_id or session.tenant_id\n",
                '    named = request.query_params.get("tenant_id")\n'
                "    bound = tenant_id or (UUID(named) if named else session.tenant_id)\n",
            ),
            Patch(
                _ACCESS,
                "        if known is None or role is None:\n",
                "        role = Role.ADMIN if named else role\n"
                "        if known is None or role is None:\n",
            ),
            Patch(
                _ACCESS,
                "if TYPE_CHECKING:\n    from uuid import UUID\n\n",
                "from uuid import UUID\n\nif TYPE_CHECKING:\n",
            ),
        ),
        ("ISOLATION",),
        frozenset({"ISOLATION/pages"}),
    ),
    Twin(
        "form-of-another-site",
        "A form is taken from any site whose browser sends the session's cookie along.",
        (Patch("src/skeldir/web/forms.py", "    if not is_own:\n", "    if False:\n"),),
        ("ISOLATION",),
        frozenset({"ISOLATION/pages"}),
    ),
    Twin(
        "people-open-to-the-program",
        "A migration lets the runtime role read the table of users.",
        (
            Patch(
                _PEOPLE, "RESET ROLE;", "GRANT SELECT ON public.users TO app_user;\n\nRESET ROLE;"
            ),
        ),
        ("ISOLATION",),
        frozenset({"ISOLATION/role", "ISOLATION/policies", "ISOLATION/relations"}),
        "The role may do what it may not, a table that is nobody's is open, and A finds B's admin in it.",
    ),
)
