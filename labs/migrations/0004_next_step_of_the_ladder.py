"""What was told once, before there was a ladder, climbs it from today on."""

from __future__ import annotations

from django.db import migrations

# Rows without a day to be told on had either been told or are never told: done at the visit, or
# what a course left undone that ended long ago. The sweep tells the step that holds today unless
# it was told already.
FORWARD = """
UPDATE labs_requirement r
   SET notify_on = CURRENT_DATE
  FROM labs_requirementrule rule
 WHERE rule.id = r.rule_id AND r.status = 'open' AND r.notify_on IS NULL
   AND rule.content ->> 'at_the_visit' IS DISTINCT FROM 'true'
   AND NOT (r.subject_state IN ('completed', 'stopped') AND r.overdue_on < CURRENT_DATE - 7)
"""


class Migration(migrations.Migration):
    dependencies = [("labs", "0003_ladder_and_delivery")]

    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
