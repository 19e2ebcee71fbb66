"""What the ground floor says aloud: those above listen, because it cannot call upward."""

from django.dispatch import Signal

# Sent inside the transaction, with `policy`, when a site has set a section anew.
policy_set = Signal()
