// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRecordLedger} from "./IRecordLedger.sol";

/// @title Who the members of one consortium are, and whose key, account, role and policy counted from which block on.
/// @notice Every fact is an append-only list of versions, each with the block that wrote it. A change adds a version;
/// nothing is ever overwritten or removed. *In force for block N* is the last version written in a block before N, so
/// the newest state alone proves what the registry said for any earlier block.
/// A USCC is 18 ASCII characters, each 0-9 or A-Z; a customs code is 10 of them, or zero where the member has none.
/// A *text* (a policy's name, a register's, a code, a scope) is 1 to 32 visible ASCII characters, then zeros.
/// Times are Unix seconds, compared with the timestamps of blocks; everything else counts by block.
interface IMemberRegistry {
    enum MemberKind { NONE, GOVERNOR, PARTICIPANT }
    enum MemberState { NONE, ACTIVE, SUSPENDED, EXPELLED }
    /// @dev RETIRED: what it signed before stays as good as it was. REVOKED: the member wants it used no longer, from
    /// now on. COMPROMISED: nothing counts that it signed in a batch of the time `compromisedSince` or later.
    enum KeyState { NONE, ACTIVE, RETIRED, REVOKED, COMPROMISED }
    /// @dev SM2 is reserved: its thumbprint is fixed here, so that national keys need no other contract.
    enum KeyAlgorithm { NONE, ES256, ED25519, SM2 }
    enum AddedBy { NONE, MEMBER, SPONSOR, GOVERNORS }
    enum AccountState { NONE, ACTIVE, REVOKED }

    /// @notice What governors can decide together; the comment names what `payload` encodes (`abi.encode`).
    enum Action {
        NONE,
        ADMIT_GOVERNOR, // (bytes18 uscc, bytes10 customsCode, bytes32 nameHash, uint16 roles, address controller)
        EXPEL, // (bytes18 uscc)
        SUSPEND, // (bytes18 uscc)
        REINSTATE, // (bytes18 uscc): a suspended or expelled member is active again, with its last kind and roles
        SET_THRESHOLD, // (uint16 threshold)
        SET_GATEWAY, // (address account, bytes18 member, bool active)
        SET_CONTROLLER, // (address account, bytes18 member, bool active)
        SET_POLICY, // (bytes32 name, bytes32 value)
        CHANGE_ROLES, // (bytes18 uscc, uint16 roles, bytes18 sponsor): the sponsor is zero for a governor
        CHANGE_PROFILE, // (bytes18 uscc, bytes32 nameHash, bytes10 customsCode)
        ADD_KEY, // (bytes18 member, KeyAlgorithm algorithm, bytes publicKey)
        COMPROMISE_KEY, // (bytes32 thumbprint, uint40 since): a second time only to an earlier time
        REJECT_COMPROMISE, // (bytes32 thumbprint): the member's open request ends
        ASSIGN, // (bytes32 register, bytes32 code, bytes18 member): zero releases the code
        SET_OPERATOR, // (bytes18 member, bytes32 scope): zero ends it
        SET_TAG_KEY // (bytes32 publicKey, uint8 suite, uint64 firstBatch)
    }

    /// @dev One storage word. `roles` are bits in the order BROKER, TRADER, CUSTOMS, CARRIER, TERMINAL, BANK, TAX,
    /// REGULATOR, AUDITOR, GATEWAY. `sponsor` is zero for a governor.
    struct MemberVersion { uint40 sinceBlock; MemberState state; MemberKind kind; uint16 roles; bytes18 sponsor; }
    /// @dev One storage word. `addedBy` and `member` never change. `compromisedSince` (Unix seconds) is what the
    /// governors voted where the state is COMPROMISED, what the member asks for where `contested`, and else zero.
    struct KeyVersion {
        uint40 sinceBlock; KeyState state; KeyAlgorithm algorithm; AddedBy addedBy; uint40 compromisedSince;
        bytes18 member; bool contested;
    }
    /// @dev One storage word. `purposes` are bits: 1 controller, 2 gateway, 4 attester.
    struct AccountVersion { uint40 sinceBlock; AccountState state; uint8 purposes; bytes18 member; }
    /// @dev Two storage words. `value` is SHA-256 of the policy's file, or a number; the name tells which.
    struct PolicyVersion { bytes32 value; uint40 sinceBlock; }
    struct Policy { bytes32 name; bytes32 value; }
    /// @dev Two storage words. `nameHash` is SHA-256 of the member's name in UTF-8.
    struct ProfileVersion { bytes32 nameHash; bytes10 customsCode; uint40 sinceBlock; }
    struct ThresholdVersion { uint40 sinceBlock; uint16 threshold; }
    /// @dev `member` is zero where the code was released.
    struct CustomsCodeVersion { uint40 sinceBlock; bytes18 member; }
    /// @dev One storage word. Which member a register's code belongs to; zero where it was released.
    struct AssignmentVersion { uint40 sinceBlock; bytes18 member; }
    /// @dev Two storage words. `scope` says of which UCRs the member operates the single window; zero: of none.
    struct OperatorVersion { bytes32 scope; uint40 sinceBlock; }
    /// @dev Two storage words. The VRF key under which lanes are tagged from the batch `firstBatch` on.
    struct TagKeyVersion { bytes32 publicKey; uint40 sinceBlock; uint64 firstBatch; uint8 suite; }
    struct TagKey { bytes32 publicKey; uint8 suite; }
    /// @dev Two storage words. `log` is keccak256(abi.encode(log before, member, listed, block.number)): the newest
    /// one fixes who was an authority in which block ever. `authorities`: how many are listed from here on.
    struct AuthorityVersion { bytes32 log; uint40 sinceBlock; uint16 authorities; }
    /// @dev A governor as the constructor and `ADMIT_GOVERNOR` take it.
    struct Founder { bytes18 uscc; bytes10 customsCode; bytes32 nameHash; uint16 roles; address controller; }
    /// @dev `approvals` has bit i set where the governor of ordinal i approves. `executedBlock` is zero until then.
    struct Proposal {
        Action action; uint40 sinceBlock; uint40 executedBlock; bytes18 proposer; uint256 approvals; bytes payload;
    }

    event MemberAdmitted(bytes18 indexed member, MemberKind kind, uint16 roles, bytes18 indexed sponsor);
    event MemberChanged(
        bytes18 indexed member, MemberState state, MemberKind kind, uint16 roles, bytes18 indexed sponsor
    );
    event ProfileChanged(bytes18 indexed member, bytes32 nameHash, bytes10 indexed customsCode);
    event KeyAdded(
        bytes32 indexed thumbprint, bytes18 indexed member, KeyAlgorithm algorithm, AddedBy addedBy, bytes publicKey
    );
    event KeyChanged(
        bytes32 indexed thumbprint, bytes18 indexed member, KeyState state, uint40 compromisedSince, bool contested
    );
    event AccountChanged(address indexed account, bytes18 indexed member, AccountState state, uint8 purposes);
    event PolicyChanged(bytes32 indexed name, bytes32 value);
    event CodeAssigned(bytes32 indexed register, bytes32 indexed code, bytes18 indexed member);
    event OperatorChanged(bytes18 indexed member, bytes32 scope);
    event TagKeyAdded(uint256 indexed epoch, bytes32 publicKey, uint8 suite, uint64 firstBatch);
    event AuthorityChanged(bytes18 indexed member, bool listed, bytes32 log);
    event ThresholdChanged(uint16 threshold);
    event Proposed(uint256 indexed id, Action indexed action, bytes18 indexed proposer, bytes payload);
    event Approved(uint256 indexed id, bytes18 indexed governor);
    event Withdrawn(uint256 indexed id, bytes18 indexed governor);
    event Executed(uint256 indexed id, Action indexed action);

    /// @dev The caller is no active controller account of any member.
    error NotController(address account);
    /// @dev The caller's member is no active governor.
    error NotGovernor(bytes18 member);
    /// @dev The caller's member is neither the member concerned nor its active sponsor.
    error NotPermitted(bytes18 caller, bytes18 member);
    error MalformedUscc(bytes18 uscc);
    error MalformedCustomsCode(bytes10 customsCode);
    error UnknownMember(bytes18 uscc);
    error AlreadyMember(bytes18 uscc);
    /// @dev The member's state does not allow this.
    error WrongState(bytes18 uscc, MemberState state);
    /// @dev The member's kind does not allow this (a governor has no sponsor, a participant needs one).
    error WrongKind(bytes18 uscc, MemberKind kind);
    error UnknownRoles(uint16 roles);
    error RolesBeyondSponsor(uint16 roles, uint16 sponsorRoles);
    /// @dev CUSTOMS and TAX make an authority of a participant, so the governors alone give them.
    error RolesNeedVote(uint16 roles);
    error CustomsCodeTaken(bytes10 customsCode, bytes18 member);
    error ZeroAccount();
    /// @dev An account serves one member for ever.
    error AccountTaken(address account, bytes18 member);
    error AccountUnchanged(address account, uint8 purposes);
    error ControllerAlreadyAppointed(bytes18 member);
    /// @dev ES256 and SM2 keys are x and y in 64 bytes, Ed25519 keys 32 bytes.
    error MalformedPublicKey(KeyAlgorithm algorithm, uint256 length);
    /// @dev A key belongs to one member for ever.
    error KeyTaken(bytes32 thumbprint, bytes18 member);
    error UnknownKey(bytes32 thumbprint);
    /// @dev The key's state does not allow this.
    error WrongKeyState(bytes32 thumbprint, KeyState state);
    /// @dev A compromise is since some time up to now.
    error TimeOutOfRange(uint40 since, uint256 nowSeconds);
    /// @dev A key is compromised since `compromisedSince` already; another vote can only say earlier.
    error AlreadyCompromised(bytes32 thumbprint, uint40 compromisedSince);
    /// @dev A compromise is asked for once a key.
    error AlreadyContested(bytes32 thumbprint, uint40 requestedAt);
    error NotContested(bytes32 thumbprint);
    /// @dev Not 1 to 32 visible ASCII characters followed by zeros.
    error MalformedText(bytes32 text);
    error MalformedTagKey(bytes32 publicKey, uint8 suite);
    /// @dev An epoch begins at a batch not anchored yet, and after the one before it.
    error EpochTooEarly(uint64 firstBatch, uint256 least);
    error TooManyAuthorities(uint256 most);
    error LastGovernor(bytes18 uscc);
    error ThresholdOutOfRange(uint256 threshold, uint256 governors);
    error TooManyGovernors(uint256 most);
    error UnknownAction();
    error UnknownProposal(uint256 id);
    error ProposalExecuted(uint256 id, uint40 executedBlock);
    error ProposalLapsed(uint256 id, uint256 lastBlock);
    error AlreadyApproved(uint256 id, bytes18 governor);
    error NotApproved(uint256 id, bytes18 governor);

    /// @notice Proposes an action; the proposer's approval counts at once, and so the action may execute at once.
    /// @dev By a controller of an active governor, else NotController or NotGovernor. Reverts with UnknownAction for
    /// NONE, with the action's own error where it executes and is refused, and without a reason where `payload` is not
    /// what the action takes.
    /// @return id the proposal's number, counted from 0.
    function propose(Action action, bytes calldata payload) external returns (uint256 id);

    /// @notice Approves a proposal; at the threshold it executes in this same transaction, once.
    /// @dev Only approvals of governors active now count. Reverts with UnknownProposal, ProposalExecuted,
    /// ProposalLapsed, AlreadyApproved, or the action's own error.
    function approve(uint256 id) external;

    /// @notice Takes back an approval. @dev As `approve`; NotApproved where there was none.
    function withdraw(uint256 id) external;

    /// @notice Admits a participant sponsored by the caller's member, within the sponsor's own roles.
    /// @dev By a controller of an active governor. MalformedUscc, AlreadyMember, UnknownRoles, RolesBeyondSponsor,
    /// MalformedCustomsCode, CustomsCodeTaken, RolesNeedVote. A member once expelled comes back by vote only.
    function admit(bytes18 uscc, bytes10 customsCode, bytes32 nameHash, uint16 roles) external;

    /// @notice Gives a participant its first controller account, by its sponsor; later ones are the member's own
    /// affair or the governors'. @dev NotPermitted, ControllerAlreadyAppointed, ZeroAccount, AccountTaken.
    function appointController(bytes18 uscc, address account) external;

    /// @notice Changes a participant's roles within its sponsor's own; CUSTOMS and TAX stay or go, but come by vote.
    /// @dev By its sponsor; NotPermitted, WrongState, RolesBeyondSponsor, RolesNeedVote.
    function changeRoles(bytes18 uscc, uint16 roles) external;

    /// @notice Changes a participant's name hash and customs code. @dev By its sponsor.
    function changeProfile(bytes18 uscc, bytes32 nameHash, bytes10 customsCode) external;

    /// @notice Suspends a participant; only the governors reinstate it. @dev By its sponsor; NotPermitted, WrongState.
    function suspend(bytes18 uscc) external;

    /// @notice Adds a signing key, marked for ever with who added it: the member itself or its sponsor.
    /// @dev The contract computes the RFC 7638 thumbprint, so the event's public key is the key's. The member must be
    /// active: WrongState. NotPermitted, MalformedPublicKey, KeyTaken.
    function addKey(bytes18 member, KeyAlgorithm algorithm, bytes calldata publicKey)
        external
        returns (bytes32 thumbprint);

    /// @notice Ends a key's use in good order, by its member: what it signed before stays as good as it was.
    /// @dev UnknownKey, NotPermitted; WrongKeyState unless it is ACTIVE.
    function retireKey(bytes32 thumbprint) external;

    /// @notice Revokes a key from now on, by its member alone; what it signed before stands.
    /// @dev UnknownKey, NotPermitted; WrongKeyState unless it is ACTIVE or RETIRED. Never undone.
    function revokeKey(bytes32 thumbprint) external;

    /// @notice Asks the governors to declare a key compromised since a time, by its member. Until they decide, 30 days
    /// at most, what the key signed since then is contested and still counts. The key's state stays as it is.
    /// @dev UnknownKey, NotPermitted, TimeOutOfRange; WrongKeyState where it is COMPROMISED; AlreadyContested where it
    /// was asked for before, whatever came of it.
    function requestCompromise(bytes32 thumbprint, uint40 since) external;

    /// @notice Takes an open request back. @dev By the key's member; UnknownKey, NotPermitted, NotContested.
    function withdrawRequest(bytes32 thumbprint) external;

    /// @notice Adds or withdraws a controller account of the caller's own member.
    /// @dev The member must be active: WrongState. ZeroAccount, AccountTaken, AccountUnchanged.
    function setController(address account, bool active) external;

    /// @notice Makes `account` the one attester account of the caller's governor, in place of the one before; zero
    /// leaves none. @dev By a controller of an active governor. AccountTaken, AccountUnchanged.
    function setAttester(address account) external;

    function consortium() external view returns (bytes32);
    /// @notice The record ledger of this consortium, which names this registry as its own.
    function ledger() external view returns (IRecordLedger);
    /// @notice A proposal of block B can be approved up to block B + this.
    function proposalLifetimeBlocks() external view returns (uint40);
    function memberVersions(bytes18 uscc) external view returns (MemberVersion[] memory);
    function keyVersions(bytes32 thumbprint) external view returns (KeyVersion[] memory);
    function accountVersions(address account) external view returns (AccountVersion[] memory);
    function policyVersions(bytes32 name) external view returns (PolicyVersion[] memory);
    function assignmentVersions(bytes32 register, bytes32 code) external view returns (AssignmentVersion[] memory);
    function operatorVersions(bytes18 member) external view returns (OperatorVersion[] memory);
    function tagKeyVersions() external view returns (TagKeyVersion[] memory);
    function authorityVersions() external view returns (AuthorityVersion[] memory);
    /// @notice When the member asked for this key's compromise, Unix seconds; zero: never.
    function requestedAt(bytes32 thumbprint) external view returns (uint40);
    /// @notice The last block that wrote any fact here (a proposal or approval alone is none).
    function changedBlock() external view returns (uint40);
    function profileVersions(bytes18 uscc) external view returns (ProfileVersion[] memory);
    function thresholdVersions() external view returns (ThresholdVersion[] memory);
    function customsCodeVersions(bytes10 customsCode) external view returns (CustomsCodeVersion[] memory);
    /// @notice Every governor there ever was, in order of ordinal, and the bits of those active now.
    function governors() external view returns (bytes18[] memory everyOne, uint256 activeBits);
    function attesterOf(bytes18 governor) external view returns (address);
    function proposalCount() external view returns (uint256);
    /// @dev UnknownProposal.
    function proposal(uint256 id) external view returns (Proposal memory);
    /// @notice The member whose active gateway account this is (active itself, with the role GATEWAY); else zero.
    function gatewayMember(address account) external view returns (bytes18);
    /// @notice The active governor that this account attests for, its ordinal, and the bits of all active governors;
    /// a zero governor where the account is no attester.
    function attesterStanding(address account)
        external
        view
        returns (bytes18 governor, uint256 ordinal, uint256 activeBits);
}
