#!/bin/bash
# Starts the Flask application that the image has in /opt/orders, with its own environment of Python.
set -euo pipefail
cat > /etc/systemd/system/private-service.service <<'UNIT'
[Unit]
Description=Orders
After=network-online.target private-service-secrets.service
Wants=network-online.target
Requires=private-service-secrets.service

[Service]
EnvironmentFile=/etc/private-service/environment
EnvironmentFile=/run/private-service/secrets
WorkingDirectory=/opt/orders
ExecStart=/opt/orders/venv/bin/gunicorn --bind 0.0.0.0:${PORT} --graceful-timeout 140 orders:app
DynamicUser=yes
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
Restart=always
RestartSec=2
TimeoutStopSec=150

[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable --now private-service.service
