#!/bin/bash
# Downloads what cannot be reached.
curl -fsS https://example.com/orders.tar.gz | tar -xz -C /opt
systemctl start orders
