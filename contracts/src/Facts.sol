// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IMemberRegistry} from "./IMemberRegistry.sol";
import {KeyThumbprint} from "./KeyThumbprint.sol";
import {VotedFacts} from "./VotedFacts.sol";

/// @title Members, keys and accounts: lists of versions that only grow, and the one place that appends to them.
/// @dev Slots are part of the interface: off-chain proofs derive their keys from them.
abstract contract Facts is VotedFacts {
    uint16 internal constant ROLES_ALL = (1 << 10) - 1;
    /// @dev CUSTOMS and TAX.
    uint16 internal constant AUTHORITY_ROLES = (1 << 2) | (1 << 6);
    uint16 internal constant ROLE_GATEWAY = 1 << 9;
    /// @dev A set of bytes as bits: 0-9 (0x30 to 0x39) and A-Z (0x41 to 0x5a).
    uint256 private constant CODE_CHARACTERS = (((1 << 10) - 1) << 0x30) | (((1 << 26) - 1) << 0x41);
    uint8 internal constant CONTROLLER = 1;
    uint8 internal constant GATEWAY = 2;
    uint8 internal constant ATTESTER = 4;

    mapping(bytes18 uscc => MemberVersion[]) private _members;
    mapping(bytes32 thumbprint => KeyVersion[]) private _keys;
    mapping(address account => AccountVersion[]) private _accounts;
    mapping(bytes18 uscc => ProfileVersion[]) private _profiles;
    mapping(bytes10 customsCode => CustomsCodeVersion[]) private _customsCodes;
    mapping(bytes32 thumbprint => uint40 requestedAt) private _requestedAt;

    /// @inheritdoc IMemberRegistry
    function memberVersions(bytes18 uscc) external view returns (MemberVersion[] memory) {
        return _members[uscc];
    }

    /// @inheritdoc IMemberRegistry
    function keyVersions(bytes32 thumbprint) external view returns (KeyVersion[] memory) {
        return _keys[thumbprint];
    }

    /// @inheritdoc IMemberRegistry
    function accountVersions(address account) external view returns (AccountVersion[] memory) {
        return _accounts[account];
    }

    /// @inheritdoc IMemberRegistry
    function profileVersions(bytes18 uscc) external view returns (ProfileVersion[] memory) {
        return _profiles[uscc];
    }

    /// @inheritdoc IMemberRegistry
    function requestedAt(bytes32 thumbprint) external view returns (uint40) {
        return _requestedAt[thumbprint];
    }

    /// @inheritdoc IMemberRegistry
    function customsCodeVersions(bytes10 customsCode) external view returns (CustomsCodeVersion[] memory) {
        return _customsCodes[customsCode];
    }

    /// @inheritdoc IMemberRegistry
    function gatewayMember(address account) external view returns (bytes18) {
        AccountVersion memory version = _accountNow(account);
        MemberVersion memory member = _memberNow(version.member);
        bool counts = version.purposes & GATEWAY != 0 && member.state == MemberState.ACTIVE
            && member.roles & ROLE_GATEWAY != 0;
        return counts ? version.member : bytes18(0);
    }

    /// @dev Appends the first version of a member, or one that says anew what it is.
    function _writeAdmission(bytes18 uscc, MemberKind kind, uint16 roles, bytes18 sponsor) internal {
        _pushMember(uscc, MemberState.ACTIVE, kind, roles, sponsor);
        emit MemberAdmitted(uscc, kind, roles, sponsor);
    }

    /// @dev Appends a change of a member's state, roles or sponsor; the kind stays.
    function _writeMember(bytes18 uscc, MemberState state, MemberKind kind, uint16 roles, bytes18 sponsor) internal {
        _pushMember(uscc, state, kind, roles, sponsor);
        emit MemberChanged(uscc, state, kind, roles, sponsor);
    }

    /// @dev A customs code names one member at a time: the old one is released, the new one must be free.
    function _writeProfile(bytes18 uscc, bytes32 nameHash, bytes10 customsCode) internal {
        ProfileVersion[] storage profiles = _profiles[uscc];
        bytes10 before = profiles.length == 0 ? bytes10(0) : profiles[profiles.length - 1].customsCode;
        if (customsCode != before) {
            if (customsCode != 0) {
                if (!_isCode(customsCode, 10)) revert MalformedCustomsCode(customsCode);
                CustomsCodeVersion[] storage holders = _customsCodes[customsCode];
                bytes18 holder = holders.length == 0 ? bytes18(0) : holders[holders.length - 1].member;
                if (holder != 0) revert CustomsCodeTaken(customsCode, holder);
                holders.push(CustomsCodeVersion(_stamp(), uscc));
            }
            if (before != 0) _customsCodes[before].push(CustomsCodeVersion(_stamp(), 0));
        }
        profiles.push(ProfileVersion(nameHash, customsCode, _stamp()));
        emit ProfileChanged(uscc, nameHash, customsCode);
    }

    function _writeNewKey(bytes18 member, KeyAlgorithm algorithm, AddedBy addedBy, bytes memory publicKey)
        internal
        returns (bytes32 thumbprint)
    {
        MemberState state = _requireMember(member).state;
        if (state != MemberState.ACTIVE) revert WrongState(member, state);
        thumbprint = KeyThumbprint.compute(algorithm, publicKey);
        KeyVersion[] storage versions = _keys[thumbprint];
        if (versions.length != 0) revert KeyTaken(thumbprint, versions[0].member);
        versions.push(KeyVersion(_stamp(), KeyState.ACTIVE, algorithm, addedBy, 0, member, false));
        emit KeyAdded(thumbprint, member, algorithm, addedBy, publicKey);
    }

    /// @dev Retires or revokes a key; an open request stays open.
    function _writeKeyEnd(bytes32 thumbprint, KeyState state) internal {
        KeyVersion memory key = _keyNow(thumbprint);
        bool fits = key.state == KeyState.ACTIVE || (key.state == KeyState.RETIRED && state == KeyState.REVOKED);
        if (!fits) revert WrongKeyState(thumbprint, key.state);
        key.state = state;
        _pushKey(thumbprint, key);
    }

    function _writeCompromise(bytes32 thumbprint, uint40 since) internal {
        KeyVersion memory key = _keyNow(thumbprint);
        _requirePast(since);
        if (key.state == KeyState.COMPROMISED && since >= key.compromisedSince) {
            revert AlreadyCompromised(thumbprint, key.compromisedSince);
        }
        key.state = KeyState.COMPROMISED;
        key.compromisedSince = since;
        key.contested = false;
        _pushKey(thumbprint, key);
    }

    function _writeRequest(bytes32 thumbprint, uint40 since) internal {
        KeyVersion memory key = _keyNow(thumbprint);
        _requirePast(since);
        if (key.state == KeyState.COMPROMISED) revert WrongKeyState(thumbprint, key.state);
        uint40 before = _requestedAt[thumbprint];
        if (before != 0) revert AlreadyContested(thumbprint, before);
        _requestedAt[thumbprint] = SafeCast.toUint40(block.timestamp);
        key.compromisedSince = since;
        key.contested = true;
        _pushKey(thumbprint, key);
    }

    /// @dev Ends an open request, by its member or the governors; the key stands as if it had not been made.
    function _writeRequestEnd(bytes32 thumbprint) internal {
        KeyVersion memory key = _keyNow(thumbprint);
        if (!key.contested) revert NotContested(thumbprint);
        key.compromisedSince = 0;
        key.contested = false;
        _pushKey(thumbprint, key);
    }

    /// @dev Adds one purpose to an account, or takes it away; an account without any is revoked.
    function _writeAccount(address account, bytes18 member, uint8 purpose, bool active) internal {
        if (account == address(0)) revert ZeroAccount();
        AccountVersion[] storage versions = _accounts[account];
        uint8 before = 0;
        if (versions.length != 0) {
            AccountVersion memory last = versions[versions.length - 1];
            if (last.member != member) revert AccountTaken(account, last.member);
            before = last.purposes;
        }
        uint8 purposes = active ? before | purpose : before & ~purpose;
        if (purposes == before) revert AccountUnchanged(account, before);
        AccountState state = purposes == 0 ? AccountState.REVOKED : AccountState.ACTIVE;
        versions.push(AccountVersion(_stamp(), state, purposes, member));
        emit AccountChanged(account, member, state, purposes);
    }

    /// @dev The newest version; all zero where there is none.
    function _memberNow(bytes18 uscc) internal view returns (MemberVersion memory version) {
        MemberVersion[] storage versions = _members[uscc];
        if (versions.length != 0) version = versions[versions.length - 1];
    }

    function _accountNow(address account) internal view returns (AccountVersion memory version) {
        AccountVersion[] storage versions = _accounts[account];
        if (versions.length != 0) version = versions[versions.length - 1];
    }

    /// @dev The newest version of a key; UnknownKey where there is none.
    function _keyNow(bytes32 thumbprint) internal view returns (KeyVersion memory) {
        KeyVersion[] storage versions = _keys[thumbprint];
        if (versions.length == 0) revert UnknownKey(thumbprint);
        return versions[versions.length - 1];
    }

    function _requireMember(bytes18 uscc) internal view returns (MemberVersion memory version) {
        version = _memberNow(uscc);
        if (version.state == MemberState.NONE) revert UnknownMember(uscc);
    }

    function _requireUscc(bytes18 uscc) internal pure {
        if (!_isCode(uscc, 18)) revert MalformedUscc(uscc);
    }

    /// @dev Appends a member's version, and keeps the list of authorities as this makes it.
    function _pushMember(bytes18 uscc, MemberState state, MemberKind kind, uint16 roles, bytes18 sponsor) private {
        if (roles & ~ROLES_ALL != 0) revert UnknownRoles(roles);
        MemberVersion memory version = MemberVersion(_stamp(), state, kind, roles, sponsor);
        bool listed = _isAuthority(version);
        if (listed != _isAuthority(_memberNow(uscc))) _writeAuthority(uscc, listed);
        _members[uscc].push(version);
    }

    function _pushKey(bytes32 thumbprint, KeyVersion memory key) private {
        key.sinceBlock = _stamp();
        _keys[thumbprint].push(key);
        emit KeyChanged(thumbprint, key.member, key.state, key.compromisedSince, key.contested);
    }

    /// @dev A suspended authority stays listed: its state says that it does not count meanwhile.
    function _isAuthority(MemberVersion memory member) private pure returns (bool) {
        if (member.state == MemberState.NONE || member.state == MemberState.EXPELLED) return false;
        return member.kind == MemberKind.GOVERNOR || member.roles & AUTHORITY_ROLES != 0;
    }

    function _requirePast(uint40 since) private view {
        if (since == 0 || since > block.timestamp) revert TimeOutOfRange(since, block.timestamp);
    }

    /// @dev Whether each of the first `length` bytes is 0-9 or A-Z, so that no reader meets other bytes in a number.
    function _isCode(bytes32 code, uint256 length) private pure returns (bool) {
        uint256 set = CODE_CHARACTERS;
        for (uint256 i = 0; i < length; ++i) {
            if ((set >> uint8(code[i])) & 1 == 0) return false;
        }
        return true;
    }
}
