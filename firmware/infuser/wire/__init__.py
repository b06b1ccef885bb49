"""What pump and host share: units, errors, messages, records and their codec."""
