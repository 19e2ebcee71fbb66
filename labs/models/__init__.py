"""Models of what is measured, what is due and who is told."""

from labs.models.catalogue import Analyte, LabRule, RequirementRule
from labs.models.follow_up import Answer, FollowUp, FollowUpKind, Way
from labs.models.heartbeat import Heartbeat
from labs.models.message_text import Audience, MessageText
from labs.models.reminder import (
    Channel,
    DeliveryEvent,
    Recipient,
    Reminder,
    ReminderAttempt,
    ReminderState,
)
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
    "Answer",
    "Audience",
    "BlocksWhen",
    "Channel",
    "DeliveryEvent",
    "FollowUp",
    "FollowUpKind",
    "Heartbeat",
    "ImportProblem",
    "ImportRun",
    "LabRule",
    "MessageText",
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
    "Way",
]
