"""A real SIP registrar as the platform of sip_device: Kamailio, its tables, and the courier of its news."""
