"""A page that shows what the dashboards show, for those without Kibana: drawn from the same file and from live answers.

It is not Kibana, and says so. It has no script and asks for nothing from anywhere.
"""
