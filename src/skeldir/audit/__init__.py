"""The audit: compares a tenant's stored data with its facts, and the catalogue with the migrations.

It only reads, and writes nothing but its own result. This module is the door of the room.
"""

from skeldir.audit.accounts import ModelAccount, MoneyAccount, Period
from skeldir.audit.auditing import SAMPLE_EVERY, Audit, audit_tenant
from skeldir.audit.differences import DATA_CHECKS, STRUCTURE_CHECKS, CheckResult, Difference
from skeldir.audit.document import canonical, make_document, make_item
from skeldir.audit.expected import (
    READ_BY_OWNER,
    READ_BY_VIEW_OWNER,
    RIGHTS,
    ROLES,
    WITHOUT_A_TENANT,
)
from skeldir.audit.expected_functions import GATES, OF_READERS, OWNER, VIEW_OWNER
from skeldir.audit.kinds import AUDIT
from skeldir.audit.ledger import KINDS, OrderEntries
from skeldir.audit.records import AuditRecord, list_audits, record_audit
from skeldir.audit.structure import check_structure

__all__ = [
    "AUDIT",
    "DATA_CHECKS",
    "GATES",
    "KINDS",
    "OF_READERS",
    "OWNER",
    "READ_BY_OWNER",
    "READ_BY_VIEW_OWNER",
    "RIGHTS",
    "ROLES",
    "SAMPLE_EVERY",
    "STRUCTURE_CHECKS",
    "VIEW_OWNER",
    "WITHOUT_A_TENANT",
    "Audit",
    "AuditRecord",
    "CheckResult",
    "Difference",
    "ModelAccount",
    "MoneyAccount",
    "OrderEntries",
    "Period",
    "audit_tenant",
    "canonical",
    "check_structure",
    "list_audits",
    "make_document",
    "make_item",
    "record_audit",
]
