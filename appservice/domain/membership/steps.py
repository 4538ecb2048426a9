"""The steps of a plan, all of them: a union that a `match` must cover."""

from appservice.domain.membership.group_steps import (
    AddToGroup,
    AdoptGroup,
    ApproveInGroup,
    ChangeGroup,
    CreateGroup,
    RefuseInGroup,
    RemoveFromGroup,
)
from appservice.domain.membership.people_steps import Invite, PinWelcome, Remove, RenewProof
from appservice.domain.membership.room_steps import (
    CreateRoom,
    ForgetParent,
    LinkChild,
    SetEncryption,
    SetGuestAccess,
    SetHistory,
    SetJoinRules,
    SetName,
    SetPowerLevels,
    SetTopic,
    Unlink,
)

Step = (
    CreateRoom
    | SetName
    | SetTopic
    | SetPowerLevels
    | SetJoinRules
    | SetHistory
    | SetGuestAccess
    | SetEncryption
    | LinkChild
    | Unlink
    | ForgetParent
    | Remove
    | RenewProof
    | Invite
    | PinWelcome
    | CreateGroup
    | AdoptGroup
    | ChangeGroup
    | RemoveFromGroup
    | RefuseInGroup
    | ApproveInGroup
    | AddToGroup
)
