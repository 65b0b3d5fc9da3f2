"""The processes themselves: a row of *Pipeline*."""

from grafana.panels import Panel, Query, Row

BY_ROLE = "* on (job, instance) group_left (role) fanal_build_info{@}"
"""Gives a series of a process its role."""

PROCESSES = Row(
    "Processes",
    (
        Panel(
            "Memory",
            "Resident bytes of each process. A screening worker holds the model.",
            "bytes",
            (Query(f"process_resident_memory_bytes{{@}} {BY_ROLE}", "{{role}} {{instance}}"),),
            width=6,
        ),
        Panel(
            "Processor",
            "Cores that each process uses. Screening is bounded by the classifier: it should use all that it has.",
            "short",
            (Query(f"rate(process_cpu_seconds_total{{@}}[$__rate_interval]) {BY_ROLE}", "{{role}} {{instance}}"),),
            width=6,
        ),
        Panel(
            "Certificates and licence",
            "Time until a certificate, or the licence to run live sources, ends. Red below two weeks.",
            "s",
            (
                Query(
                    "min by (target) (fanal_certificate_expiry_timestamp_seconds{@}) - time()",
                    "certificate of {{target}}",
                ),
                Query("min(fanal_licence_expiry_timestamp_seconds{@}) - time()", "licence"),
            ),
            "number",
            ((14 * 86_400, "green"),),
            "red",
            width=6,
        ),
        Panel(
            "What runs",
            "Processes by role and version. Two versions of a role mean an upgrade that is under way, or was left half done.",
            "none",
            (Query("count by (role, version, python) (fanal_build_info{@})", "processes"),),
            "table",
            width=6,
        ),
    ),
)
