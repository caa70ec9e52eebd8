/**
 * What the server sends and takes, from its own description (schema.d.ts is made from openapi.json).
 *
 * Times are milliseconds since 1970, UTC. Where the description says less than the server does (a form is any object
 * there; what has a default may be left out), the types here say the rest.
 */
import type { Drawn, Field } from './forms'
import type { components } from './schema'

type S = components['schemas']
type Lax<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>

export type Session = S['Session']
export type LinkInfo = S['LinkInfo']
export type Role = S['RoleChange']['role']
export type ProjectState = S['Work']['state']
export type Problem = S['Problem']

export type Token = S['ApiToken']
export type AccountRow = S['Account']

export * from './forms'
/** A question's settings: `type` names its task type. */
export type Task = { type: string } & Record<string, unknown>
export type Question = { name: string; title: string; help?: string; optional?: boolean; task: Task }
export interface ProjectForm {
  fields: Field[]
  questions: Question[]
}
/** A task type, as it describes itself. */
export type TaskTypeInfo = S['TypeDescription']
export type Template = Omit<S['Template'], 'form'> & { form: ProjectForm }
export type FormChange = S['FormChange']
export type ProjectSummary = S['ProjectSummary']
export type ProjectChange = Omit<S['ProjectChange'], 'quality'> & { quality?: Partial<S['QualitySettings']> }
export type Project = Omit<S['Project'], 'form' | 'drawn'> & { form: ProjectForm; drawn: Drawn }

export type Work = Omit<S['Screen'], 'form'> & { form: Drawn }
export type Next = Omit<S['Work'], 'assignments' | 'standing'> & { assignments: Assignment[]; standing?: S['Work']['standing'] }
export type Assignment = Omit<Lax<S['Assignment'], 'shown' | 'suggestions'>, 'review'> & {
  review?: (Omit<S['TextToReview'], 'form'> & { form: Drawn }) | null
}
export type SubmitKind = S['NewSubmit']['kind']
export type Submit = Omit<S['NewSubmit'], 'answers' | 'seconds'> & {
  answers?: Record<string, unknown>
  seconds?: number
}
export type Feedback = S['Feedback']
export type Receipt = Lax<S['Receipt'], 'leased_until' | 'feedback'>
export type Standing = S['Standing']
export type Progress = S['Progress']
export type Rest = S['Rest']
export type Growth = S['Growth']
export type Me = S['MyWork']
export type Reviewed = S['Reviewed']
export type CriterionMean = S['CriterionMean']
export type Criterion = S['Criterion']
export type Verdict = S['Verdict']

export type Desk = Omit<S['Desk'], 'form'> & { form: Drawn }
export type Chance = S['Chance']
export type Dispute = S['Dispute']
export type Opinion = S['Opinion']
export type Opened = S['Opened']
export type Note = S['Note']

export type ModelPage = S['ModelPage']
export type LearningCurve = S['Curve']
export type Likelihood = S['Likelihood']
export type Suspect = Omit<S['Suspect'], 'fields'> & { fields: Record<string, string> }
export type Suspects = Omit<S['Suspects'], 'suspects'> & { suspects: Suspect[] }
export type SuspectsDesk = Omit<S['SuspectsDesk'], 'form' | 'list'> & { form: Drawn; list: Suspects }
export type SecondLook = S['SecondLook']

export type Member = S['MemberRow']
export type Invitation = S['Invitation']
export type NewInvitation = S['MadeInvitation']

export type Upload = S['Look']
export type Column = S['Column']
export type Batch = S['Batch']
export type Job = Omit<S['Job'], 'result'> & { result: Record<string, unknown> | null }
export type ImportRequest = Pick<S['NewImport'], 'file' | 'what' | 'batch' | 'existing'> & Partial<S['NewImport']>

export type Interval = S['Interval']
export type Person = S['PersonFigures']
export type ClassCount = Omit<S['Overview']['classes'][string][number], 'value'> & { value: unknown }
export type Flags = S['Flags']
export type Overview = Omit<S['Overview'], 'classes'> & { classes: Record<string, ClassCount[]> }
export type ConsensusRow = Omit<S['ConsensusRow'], 'label' | 'votes'> & {
  label: unknown
  votes: { value: unknown; count: number }[]
}
export type ConsensusPage = Omit<S['ConsensusPage'], 'rows'> & { rows: ConsensusRow[] }
export type ItemAnswers = S['ItemAnswers']
export type PersonAnswers = S['PersonAnswers']
export type ConsensusSort = 'confidence' | '-confidence' | 'external_id' | '-judgements'
export type Attributes = S['Attributes']
export type PersonAttribute = S['PersonAttribute']
export type AskedAttribute = S['AskedAttribute']
export type NewAttribute = S['NewAttribute']
export type GroupFigures = S['GroupFigures']
export type QuestionGroups = S['QuestionGroups']
export type ClassGap = S['ClassGap']
export type ItemGap = S['ItemGap']
export type SoftLabel = S['SoftLabel']
export type Acceptable = Record<string, unknown[]>
export type GoldKind = S['GoldRow']['kind']
export type GoldState = S['GoldRow']['state']
export type GoldRow = Omit<S['GoldRow'], 'fields' | 'answers' | 'votes'> & {
  fields: Record<string, string>
  answers: Acceptable
  votes: { name: string; answers: Record<string, unknown>; reason: string; at: number }[]
}
export type Proposal = Omit<S['Proposal'], 'fields' | 'changed' | 'answers' | 'right'> & {
  fields: Record<string, string>
  changed: Record<string, string>
  answers: Acceptable
  right: Acceptable
}
export type GoldPage = Omit<S['GoldPage'], 'rows'> & { rows: GoldRow[] }
export type GoldItem = Omit<S['GoldItem'], 'fields'> & { fields: Record<string, string> }
export type ExportWhat = S['NewExport']['what']
export type ExportFormat = S['NewExport']['format']
export type Offer = S['Offer']
export type ExchangeRequest = S['NewExchange']
/** What an upload holds as a file of another tool. */
export type Found = Omit<S['Found'], 'form'> & { form: ProjectForm }

export type DecisionRow = S['DecisionRow']
export type DecisionKind = DecisionRow['kind']
export type DecisionPage = S['DecisionPage']
export interface DecisionQuery {
  kind?: DecisionKind
  about?: DecisionRow['about']
  subject?: number
  standing?: 'waiting' | 'ruled'
  after?: string
  limit?: number
}
export type Statement = S['Statement']
export type Case = S['Case']
export type GoldCase = S['GoldCase']
export type NewRuling = S['NewRuling']
export type MyDecision = S['MyDecision']
export type Oversight = S['Oversight']
export type Track = S['Track']
export type QualityDay = S['QualityDay']
export type Tracks = S['Tracks']

export type RewardPage = S['RewardPage']
export type PairRows = S['NewPairs']['rows']
export type Loop = S['Loop']
export type LoopRound = S['Round']
export type NewPolicy = Partial<S['NewPolicy']>
