"""Models of what is measured, what is due and who is told."""

from labs.models.catalogue import Analyte, LabRule, RequirementRule
from labs.models.reminder import Channel, Recipient, Reminder, ReminderAttempt, ReminderState
from labs.models.report import (
    CURRENT,
    ImportProblem,
    ImportRun,
    Precision,
    Report,
    Result,
    ResultStatus,
    Source,
    UrinaryCheck,
)
from labs.models.requirement import (
    BlocksWhen,
    MonitoringSubject,
    Requirement,
    RequirementStatus,
    Task,
    TaskStatus,
)

__all__ = [
    "CURRENT",
    "Analyte",
    "BlocksWhen",
    "Channel",
    "ImportProblem",
    "ImportRun",
    "LabRule",
    "MonitoringSubject",
    "Precision",
    "Recipient",
    "Reminder",
    "ReminderAttempt",
    "ReminderState",
    "Report",
    "Requirement",
    "RequirementRule",
    "RequirementStatus",
    "Result",
    "ResultStatus",
    "Source",
    "Task",
    "TaskStatus",
    "UrinaryCheck",
]
