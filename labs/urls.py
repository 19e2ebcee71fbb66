"""Pages of the laboratory floor."""

from django.urls import path

from labs.views import callbacks, follow_ups, health, results, worklist

urlpatterns = [
    path("callbacks/messages/", callbacks.message_told, name="message_told"),
    path("healthz/deep", health.deep, name="healthz_deep"),
    path("metrics", health.metrics, name="metrics"),
    path("worklist/", worklist.worklist, name="worklist"),
    path("worklist/months/", worklist.months, name="worklist_months"),
    path("requirements/<uuid:pk>/<slug:what>/", follow_ups.follow_up, name="follow_up"),
    path("patients/<uuid:pk>/due/", follow_ups.patient_due, name="patient_due"),
    path("tasks/<uuid:pk>/", worklist.task_resolve, name="task_resolve"),
    path("patients/<uuid:pk>/panel/", results.panel_new, name="panel_new"),
    path("patients/<uuid:pk>/urinary/", results.urinary_new, name="urinary_new"),
    path("reports/<uuid:pk>/", results.report_detail, name="report_detail"),
    path("reports/<uuid:pk>/review/", results.report_review, name="report_review"),
    path("reports/<uuid:pk>/withdraw/", results.report_withdraw, name="report_withdraw"),
]
