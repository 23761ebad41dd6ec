-- The sheet Summary of `nra compile`, computed by DuckDB from a data set of any size:
--   nra compile results -o runs/
--   duckdb -c ".read examples/summary.sql"
-- in the folder that holds runs/. The partitions org= and day= are columns: "where day >= '2026-11-01'" reads those days alone.
select
    overall                                                      as "Overall",
    workstation                                                  as "Workstation",
    organization                                                 as "Organization",
    site                                                         as "Site",
    seat                                                         as "Seat",
    region                                                       as "Region",
    strftime(started_utc, '%Y-%m-%dT%H:%M:%SZ')                  as "Started",
    voip                                                         as "VOIP",
    firewall                                                     as "Firewall",
    up_mos                                                       as "Upstream MOS Score",
    down_mos                                                     as "Downstream MOS Score",
    calls_at_once                                                as "Calls at once",
    meaning                                                      as "What this means",
    count(*) over same_workstation                               as "Runs of this workstation",
    count(*) filter (overall = 'FAIL') over same_workstation     as "of them FAIL",
    count(*) filter (overall = 'INCONCLUSIVE') over same_workstation as "of them INCONCLUSIVE"
from read_parquet('runs/*/*/*.parquet', hive_partitioning = true, hive_types = {'org': varchar, 'day': varchar})
window same_workstation as (partition by organization, site, workstation)
order by
    case overall when 'FAIL' then 0 when 'INCONCLUSIVE' then 1 when 'WARN' then 2 else 3 end,
    failed desc,
    workstation,
    organization,
    coalesce(site, ''),
    "Started",
    run_id;
