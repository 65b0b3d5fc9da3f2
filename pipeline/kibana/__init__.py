"""What analysts see in Kibana: saved objects built here, proven by running their queries, imported, and previewed without Kibana.

    contents ──► lens, searches, maps, dashboards ──► build ──► config/kibana/fanal.ndjson ──► importing
                                                        └──► queries ──► preview

Pure but for `importing`: whoever asks the index is given as an argument.
"""
