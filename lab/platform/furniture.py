"""One of each document that a cutover touches, so that there is something to read and to put back. Pure."""

from __future__ import annotations

from lab.platform.kinds import EDGES, IVRS
from lab.platform.organisation import Organisation
from lab.platform.publishing import add_flow
from lab.platform.shelf import Document

TENANT = "11ee0000-0000-4000-8000-000000000030"
IVR, OTHER_IVR = f"{IVRS}/ivr-1", f"{IVRS}/ivr-2"
EMERGENCY = "/api/v2/architect/emergencygroups/emergency-1"
SCHEDULES = "/api/v2/architect/schedulegroups/schedules-1"
FLOW = "/api/v2/flows/flow-1"
TRUNK_BASE = f"{EDGES}/trunkbasesettings/base-1"
OUTBOUND_ROUTE = f"{EDGES}/sites/site-1/outboundroutes/route-1"
INTEGRATION = "/api/v2/integrations/integration-1"
INTEGRATION_CONFIG = f"{INTEGRATION}/config/current"
ACTION = "/api/v2/integrations/actions/action-1"
TRIGGER = "/api/v2/processautomation/triggers/trigger-1"
ROW = "/api/v2/flows/datatables/table-1/rows/cutover"
EMAIL_ROUTE = "/api/v2/routing/email/domains/mail.example.com/routes/route-1"
WEB_DEPLOYMENT = "/api/v2/webdeployments/deployments/web-1"
CAMPAIGN = "/api/v2/outbound/campaigns/campaign-1"

_GENESYS: dict[str, Document] = {
    IVR: {
        "name": "inbound",
        "version": 1,
        "dnis": ["+15550001234", "+15550001235"],
        "openHoursFlow": {"id": "flow-1", "name": "inbound"},
        "scheduleGroup": {"id": "schedules-1"},
        "state": "active",
    },
    OTHER_IVR: {"name": "other", "version": 1, "dnis": ["+15550009999"], "state": "active"},
    EMERGENCY: {
        "name": "emergency",
        "version": 1,
        "enabled": False,
        "emergencyCallFlows": [{"emergencyFlow": {"id": "flow-1"}, "ivrs": [{"id": "ivr-1"}, {"id": "ivr-2"}]}],
    },
    SCHEDULES: {"name": "hours", "version": 1, "timeZone": "Europe/Paris", "openSchedules": [{"id": "open-1"}]},
    TRUNK_BASE: {
        "name": "carrier",
        "version": 1,
        "trunkMetabase": {"id": "external_sip.json"},
        "trunkType": "EXTERNAL",
        "properties": {"trunk_enabled": {"value": {"instance": True}}},
    },
    OUTBOUND_ROUTE: {
        "name": "default",
        "version": 1,
        "classificationTypes": ["International"],
        "enabled": True,
        "distribution": "SEQUENTIAL",
        "externalTrunkBases": [{"id": "base-1"}],
    },
    INTEGRATION: {"name": "crm", "intendedState": "ENABLED", "reportedState": {"code": "ACTIVE"}},
    INTEGRATION_CONFIG: {
        "name": "crm",
        "version": 1,
        "notes": "",
        "properties": {"baseUrl": "https://crm.example.com"},
        "advanced": {},
        "credentials": {},
    },
    ACTION: {
        "name": "cutover status",
        "integrationId": "integration-1",
        "category": "crm",
        "version": 1,
        "secure": False,
        "config": {"request": {"requestUrlTemplate": "https://crm.example.com/v1/gates", "requestType": "GET"}},
    },
    TRIGGER: {
        "name": "ended",
        "topicName": "v2.detail.events.conversation.{id}.customer.end",
        "target": {"type": "Workflow", "id": "workflow-1"},
        "version": 1,
        "enabled": True,
        "matchCriteria": [],
    },
    EMAIL_ROUTE: {"name": "support", "pattern": "support", "fromName": "Support", "priority": 0, "status": "Active"},
    WEB_DEPLOYMENT: {"name": "chat", "configuration": {"id": "config-1", "version": "1"}, "status": "Active"},
    CAMPAIGN: {
        "name": "callbacks",
        "version": 1,
        "contactList": {"id": "contacts-1"},
        "dialingMode": "progressive",
        "phoneColumns": [{"columnName": "phone", "type": "cell"}],
        "callerName": "Lab",
        "callerAddress": "+15550001234",
        "campaignStatus": "on",
    },
}
_OTHERS: dict[str, Document] = {
    ROW: {"key": "cutover", "route": "BASELINE", "enabled": True},
    "/api/v2/architect/flows/flow-1": {"id": "flow-1", "versionId": "v-1", "status": "deployed"},
    "/api/v2/routing/routing-strategies/strategy-1": {
        "id": "strategy-1",
        "name": "inbound",
        "flow": {"id": "flow-1", "versionId": "v-1"},
        "conditions": [{"field": "webhookResponse.cutoverStatus", "operator": "equals", "value": "HEALTHY"}],
    },
    "/api/v2/users/user-1/routing/profile": {"skills": ["sales"], "queues": ["queue-1"], "status": "Available"},
    "/api/v2/wfm/schedules/schedule-1": {"id": "schedule-1", "frozen": False},
    "/points-of-contact/1": {
        "contactAddress": "+15550001234",
        "contactCode": 1,
        "contactDescription": "inbound",
        "defaultSkillId": 100,
        "isActive": True,
        "scriptName": "baseline",
    },
    "/skills/100": {"skillId": 100, "skillName": "sales", "isActive": True, "isRunning": True, "serviceLevelGoal": 90},
    "/agents/7/skills": {"agentSkillAssignments": [{"skillId": 100, "agentProficiencyValue": 3, "isActive": True}]},
    "/scripts/baseline": {"versions": [{"header": {"scriptName": "baseline", "masterId": "script-0"}, "actions": {}}]},
    "/hours-of-operation/5": {"days": [{"day": "Monday", "openTime": "08:00", "closeTime": "18:00"}], "holidays": []},
    f"/dr-manager/v1/tenant/{TENANT}/config": {"version": 1, "drEnabled": True},
}


def furnish(organisation: Organisation) -> Organisation:
    """Users, queues and trunks are left to whoever needs them."""
    for path, document in _GENESYS.items():
        organisation.shelf.put(path, {"id": path.removesuffix("/config/current").rpartition("/")[2], "selfUri": path} | document)
    for path, document in _OTHERS.items():
        organisation.shelf.put(path, document)
    add_flow(organisation.shelf, "flow-1", "11.0", "12.0", "13.0", published="13.0")
    return organisation
