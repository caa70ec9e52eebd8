/** What formats of other tools are called, for people. */
const TITLES: Record<string, string> = {
  argilla: 'Argilla JSON',
  coco: 'COCO JSON',
  conll: 'CoNLL columns',
  doccano: 'doccano JSON lines',
  huggingface: 'Hugging Face dataset',
  'label-studio': 'Label Studio JSON',
  prodigy: 'Prodigy JSON lines',
  spacy: 'spaCy JSON lines',
  'trl-conversational': 'TRL conversations',
  'trl-preference': 'TRL preferences',
  'trl-prompt-completion': 'TRL prompts and completions',
  voc: 'Pascal VOC',
  yolo: 'YOLO',
}

/** A plug-in's format is called by its own name. */
export const titleOf = (format: string): string => TITLES[format] ?? format

/** "en, pt-BR" as a list. */
export const listOf = (text: string): string[] => text.split(/[,\s]+/).filter(Boolean)
