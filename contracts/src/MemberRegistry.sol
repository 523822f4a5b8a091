// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Governance} from "./Governance.sol";
import {IMemberRegistry} from "./IMemberRegistry.sol";
import {IRecordLedger} from "./IRecordLedger.sol";
import {VotedFacts} from "./VotedFacts.sol";

/// @title See IMemberRegistry. Here stands what members and sponsors do alone, and what each voted action does.
contract MemberRegistry is Governance {
    /// @inheritdoc IMemberRegistry
    bytes32 public immutable consortium;

    /// @param consortium_ 32 random bytes that name this consortium and no other.
    /// @param ledger_ where the consortium's RecordLedger will stand; it refuses to be created anywhere else.
    /// @param founders the first governors; each with a controller account of its own.
    /// @param threshold how many approvals execute a proposal, 1 to the number of founders.
    /// @param policies the first value of each policy.
    /// @param tagKey the key of the first epoch, which begins with the first batch.
    constructor(
        bytes32 consortium_,
        IRecordLedger ledger_,
        Founder[] memory founders,
        uint16 threshold,
        uint40 proposalLifetimeBlocks_,
        Policy[] memory policies,
        TagKey memory tagKey
    ) VotedFacts(ledger_) Governance(proposalLifetimeBlocks_) {
        consortium = consortium_;
        for (uint256 i = 0; i < founders.length; ++i) {
            _admitGovernor(founders[i]);
        }
        _requireThreshold(threshold);
        _writeThreshold(threshold);
        for (uint256 i = 0; i < policies.length; ++i) {
            _writePolicy(policies[i].name, policies[i].value);
        }
        _writeTagKey(tagKey.publicKey, tagKey.suite, 0, 0);
    }

    /// @inheritdoc IMemberRegistry
    function admit(bytes18 uscc, bytes10 customsCode, bytes32 nameHash, uint16 roles) external {
        bytes18 sponsor = _requireController();
        MemberVersion memory governor = _memberNow(sponsor);
        if (!_isActiveGovernor(governor)) revert NotGovernor(sponsor);
        _requireUscc(uscc);
        if (_memberNow(uscc).state != MemberState.NONE) revert AlreadyMember(uscc);
        _requireWithin(roles, governor.roles);
        _requireNoNewAuthority(roles, 0);
        _writeAdmission(uscc, MemberKind.PARTICIPANT, roles, sponsor);
        _writeProfile(uscc, nameHash, customsCode);
    }

    /// @inheritdoc IMemberRegistry
    function appointController(bytes18 uscc, address account) external {
        _requireSponsored(uscc);
        if (_hadController[uscc]) revert ControllerAlreadyAppointed(uscc);
        _setController(account, uscc, true);
    }

    /// @inheritdoc IMemberRegistry
    function changeRoles(bytes18 uscc, uint16 roles) external {
        MemberVersion memory member = _requireSponsored(uscc);
        _requireWithin(roles, _memberNow(member.sponsor).roles);
        _requireNoNewAuthority(roles, member.roles);
        _writeMember(uscc, member.state, member.kind, roles, member.sponsor);
    }

    /// @inheritdoc IMemberRegistry
    function changeProfile(bytes18 uscc, bytes32 nameHash, bytes10 customsCode) external {
        _requireSponsored(uscc);
        _writeProfile(uscc, nameHash, customsCode);
    }

    /// @inheritdoc IMemberRegistry
    function suspend(bytes18 uscc) external {
        _requireSponsored(uscc);
        _suspend(uscc);
    }

    /// @inheritdoc IMemberRegistry
    function addKey(bytes18 member, KeyAlgorithm algorithm, bytes calldata publicKey)
        external
        returns (bytes32 thumbprint)
    {
        AddedBy addedBy = _requireController() == member ? AddedBy.MEMBER : AddedBy.SPONSOR;
        if (addedBy == AddedBy.SPONSOR) _requireSponsored(member);
        return _writeNewKey(member, algorithm, addedBy, publicKey);
    }

    /// @inheritdoc IMemberRegistry
    function retireKey(bytes32 thumbprint) external {
        _requireOwnKey(thumbprint);
        _writeKeyEnd(thumbprint, KeyState.RETIRED);
    }

    /// @inheritdoc IMemberRegistry
    function revokeKey(bytes32 thumbprint) external {
        _requireOwnKey(thumbprint);
        _writeKeyEnd(thumbprint, KeyState.REVOKED);
    }

    /// @inheritdoc IMemberRegistry
    function requestCompromise(bytes32 thumbprint, uint40 since) external {
        _requireOwnKey(thumbprint);
        _writeRequest(thumbprint, since);
    }

    /// @inheritdoc IMemberRegistry
    function withdrawRequest(bytes32 thumbprint) external {
        _requireOwnKey(thumbprint);
        _writeRequestEnd(thumbprint);
    }

    /// @inheritdoc IMemberRegistry
    function setController(address account, bool active) external {
        bytes18 member = _requireController();
        // An expelled or suspended member must not prepare its return by accounts that nobody voted for.
        MemberState state = _memberNow(member).state;
        if (state != MemberState.ACTIVE) revert WrongState(member, state);
        _setController(account, member, active);
    }

    /// @inheritdoc IMemberRegistry
    function setAttester(address account) external {
        bytes18 governor = _requireGovernor();
        address before = _attesters[governor];
        if (account == before) revert AccountUnchanged(account, ATTESTER);
        if (before != address(0)) _writeAccount(before, governor, ATTESTER, false);
        if (account != address(0)) _writeAccount(account, governor, ATTESTER, true);
        _attesters[governor] = account;
    }

    /// @dev The dispatch of voted actions; each decodes what IMemberRegistry.Action names.
    function _execute(Action action, bytes memory payload) internal override {
        if (action == Action.ADMIT_GOVERNOR) {
            _admitGovernor(abi.decode(payload, (Founder)));
        } else if (action == Action.EXPEL) {
            _expel(abi.decode(payload, (bytes18)));
        } else if (action == Action.SUSPEND) {
            _suspend(abi.decode(payload, (bytes18)));
        } else if (action == Action.REINSTATE) {
            _reinstate(abi.decode(payload, (bytes18)));
        } else if (action == Action.SET_THRESHOLD) {
            uint16 threshold = abi.decode(payload, (uint16));
            _requireThreshold(threshold);
            _writeThreshold(threshold);
        } else if (action == Action.SET_GATEWAY) {
            (address account, bytes18 member, bool active) = abi.decode(payload, (address, bytes18, bool));
            _requireMember(member);
            _writeAccount(account, member, GATEWAY, active);
        } else if (action == Action.SET_CONTROLLER) {
            (address account, bytes18 member, bool active) = abi.decode(payload, (address, bytes18, bool));
            _requireMember(member);
            _setController(account, member, active);
        } else if (action == Action.SET_POLICY) {
            (bytes32 name, bytes32 value) = abi.decode(payload, (bytes32, bytes32));
            _writePolicy(name, value);
        } else {
            _executeMore(action, payload);
        }
    }

    function _executeMore(Action action, bytes memory payload) private {
        if (action == Action.CHANGE_ROLES) {
            (bytes18 uscc, uint16 roles, bytes18 sponsor) = abi.decode(payload, (bytes18, uint16, bytes18));
            _changeRoles(uscc, roles, sponsor);
        } else if (action == Action.CHANGE_PROFILE) {
            (bytes18 uscc, bytes32 nameHash, bytes10 code) = abi.decode(payload, (bytes18, bytes32, bytes10));
            _requireMember(uscc);
            _writeProfile(uscc, nameHash, code);
        } else if (action == Action.ADD_KEY) {
            (bytes18 uscc, KeyAlgorithm algorithm, bytes memory key) =
                abi.decode(payload, (bytes18, KeyAlgorithm, bytes));
            _writeNewKey(uscc, algorithm, AddedBy.GOVERNORS, key);
        } else if (action == Action.COMPROMISE_KEY) {
            (bytes32 thumbprint, uint40 since) = abi.decode(payload, (bytes32, uint40));
            _writeCompromise(thumbprint, since);
        } else if (action == Action.REJECT_COMPROMISE) {
            _writeRequestEnd(abi.decode(payload, (bytes32)));
        } else if (action == Action.ASSIGN) {
            (bytes32 register, bytes32 code, bytes18 member) = abi.decode(payload, (bytes32, bytes32, bytes18));
            if (member != 0) _requireMember(member);
            _writeAssignment(register, code, member);
        } else if (action == Action.SET_OPERATOR) {
            (bytes18 member, bytes32 scope) = abi.decode(payload, (bytes18, bytes32));
            _requireMember(member);
            _writeOperator(member, scope);
        } else {
            (bytes32 publicKey, uint8 suite, uint64 firstBatch) = abi.decode(payload, (bytes32, uint8, uint64));
            _writeTagKey(publicKey, suite, firstBatch, ledger.batchCount());
        }
    }

    /// @dev A participant, or a governor once expelled, can become a governor; its versions go on in the same list.
    function _admitGovernor(Founder memory founder) private {
        bytes18 uscc = founder.uscc;
        _requireUscc(uscc);
        MemberVersion memory member = _memberNow(uscc);
        if (member.kind == MemberKind.GOVERNOR && member.state != MemberState.EXPELLED) revert AlreadyMember(uscc);
        _writeAdmission(uscc, MemberKind.GOVERNOR, founder.roles, 0);
        _writeProfile(uscc, founder.nameHash, founder.customsCode);
        _seatGovernor(uscc);
        AccountVersion memory account = _accountNow(founder.controller);
        // Whoever comes back, or rises from participant, may keep the controller it has.
        if (account.member != uscc || account.purposes & CONTROLLER == 0) {
            _setController(founder.controller, uscc, true);
        }
    }

    function _expel(bytes18 uscc) private {
        MemberVersion memory member = _requireMember(uscc);
        if (member.state == MemberState.EXPELLED) revert WrongState(uscc, member.state);
        if (_isActiveGovernor(member)) _unseatGovernor(uscc);
        _writeMember(uscc, MemberState.EXPELLED, member.kind, member.roles, member.sponsor);
    }

    function _suspend(bytes18 uscc) private {
        MemberVersion memory member = _requireMember(uscc);
        if (member.state != MemberState.ACTIVE) revert WrongState(uscc, member.state);
        if (member.kind == MemberKind.GOVERNOR) _unseatGovernor(uscc);
        _writeMember(uscc, MemberState.SUSPENDED, member.kind, member.roles, member.sponsor);
    }

    function _reinstate(bytes18 uscc) private {
        MemberVersion memory member = _requireMember(uscc);
        if (member.state == MemberState.ACTIVE) revert WrongState(uscc, member.state);
        if (member.kind == MemberKind.GOVERNOR) _seatGovernor(uscc);
        _writeMember(uscc, MemberState.ACTIVE, member.kind, member.roles, member.sponsor);
    }

    /// @dev By vote the roles may pass the sponsor's; a participant's sponsor must be an active governor.
    function _changeRoles(bytes18 uscc, uint16 roles, bytes18 sponsor) private {
        MemberVersion memory member = _requireMember(uscc);
        bool fits = member.kind == MemberKind.GOVERNOR ? sponsor == 0 : _isActiveGovernor(_memberNow(sponsor));
        if (!fits) revert WrongKind(uscc, member.kind);
        _writeMember(uscc, member.state, member.kind, roles, sponsor);
    }

    function _setController(address account, bytes18 member, bool active) private {
        _writeAccount(account, member, CONTROLLER, active);
        if (active && !_hadController[member]) _hadController[member] = true;
    }

    /// @dev The caller must control the active governor that sponsors this participant.
    function _requireSponsored(bytes18 uscc) private view returns (MemberVersion memory member) {
        bytes18 caller = _requireController();
        member = _requireMember(uscc);
        if (member.sponsor != caller || !_isActiveGovernor(_memberNow(caller))) revert NotPermitted(caller, uscc);
        if (member.state == MemberState.EXPELLED) revert WrongState(uscc, member.state);
    }

    /// @dev Only the key's own member ends it; a sponsor can suspend its participant, governors vote a compromise.
    function _requireOwnKey(bytes32 thumbprint) private view {
        bytes18 member = _keyNow(thumbprint).member;
        bytes18 caller = _requireController();
        if (caller != member) revert NotPermitted(caller, member);
    }

    function _requireNoNewAuthority(uint16 roles, uint16 before) private pure {
        uint16 added = roles & AUTHORITY_ROLES & ~before;
        if (added != 0) revert RolesNeedVote(added);
    }

    function _requireWithin(uint16 roles, uint16 own) private pure {
        if (roles & ~own != 0) revert RolesBeyondSponsor(roles, own);
    }
}
