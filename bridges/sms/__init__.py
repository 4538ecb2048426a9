"""SMS, through a gateway's HTTP interface."""
