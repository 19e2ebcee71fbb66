"""What the ground floor says aloud: those above listen, because it cannot call upward."""

from django.dispatch import Signal

# Sent inside the transaction, with `policy`, when a site has set a section anew.
policy_set = Signal()
# Sent inside the transaction, with `site`, when a site's clock has been moved to another zone.
site_zone_changed = Signal()
