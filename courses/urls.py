"""Pages of the course floor."""

from django.urls import path

from courses.views import assessments, board, courses, patients, reference, sessions

urlpatterns = [
    path("", board.today, name="today"),
    path("patients/", patients.patients, name="patients"),
    path("patients/new/", patients.patient_new, name="patient_new"),
    path("patients/<uuid:pk>/", patients.patient_chart, name="patient_chart"),
    path("patients/<uuid:pk>/course/", courses.course_new, name="course_new"),
    path("patients/<uuid:pk>/reasons/", patients.patient_decisions, name="patient_decisions"),
    path(
        "patients/<uuid:pk>/reasons.pdf",
        patients.patient_decisions_pdf,
        name="patient_decisions_pdf",
    ),
    path(
        "patients/<uuid:pk>/form/<slug:scale>/", assessments.assessment_new, name="assessment_new"
    ),
    path("courses/<uuid:pk>/", courses.course_detail, name="course_detail"),
    path("courses/<uuid:pk>/pause/", courses.course_move, {"move": "pause"}, name="course_pause"),
    path(
        "courses/<uuid:pk>/resume/", courses.course_move, {"move": "resume"}, name="course_resume"
    ),
    path("courses/<uuid:pk>/stop/", courses.course_move, {"move": "stop"}, name="course_stop"),
    path(
        "courses/<uuid:pk>/complete/",
        courses.course_move,
        {"move": "complete"},
        name="course_complete",
    ),
    path(
        "courses/<uuid:pk>/reopen/", courses.course_move, {"move": "reopen"}, name="course_reopen"
    ),
    path("sessions/<uuid:pk>/", sessions.session_detail, name="session_detail"),
    path("sessions/<uuid:pk>/arrive/", board.arrive, name="session_arrive"),
    path("sessions/<uuid:pk>/no-show/", board.no_show, name="session_no_show"),
    path("sessions/<uuid:pk>/end/", board.end, name="session_end"),
    path("sessions/<uuid:pk>/leave/", board.leave, name="session_leave"),
    path("reference/", reference.reference, name="reference"),
    path("reference/<slug:kind>/<slug:code>/", reference.reference_entry, name="reference_entry"),
]
